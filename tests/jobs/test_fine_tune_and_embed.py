"""The two steps of the encoder on small tables, with a random BERT of 24 dimensions."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BooleanType, MapType, StringType

from features.contract import EVENTS, ITEMS, TEXT_EMBEDDINGS, USER_EMBEDDINGS, USER_HISTORY
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.texts import with_item_text
from jobs.config.configuration import load_config
from jobs.embed import embed
from jobs.encoder.embeddings import embeddings_by
from jobs.encoder.vectors import send_encoder, with_vectors
from jobs.execution.night import Night, Record
from jobs.fine_tune import fine_tune
from jobs.registry.active_models import model_store
from jobs.registry.drafts import Draft, read_draft
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.storage import storage_of
from jobs.tables.warehouse import Warehouse
from model.periods import training_periods
from model.text.batches import Batch
from model.text.distributed import CHECKPOINT
from model.text.encoder import Encoder
from tests.model.text.tiny import write_tiny_bert

pytestmark = pytest.mark.slow  # many Delta writes; the default run covers the step in tests/pipeline

NIGHT = date(2017, 12, 1)
CUTS = training_periods(NIGHT, 28, 2).all_cuts
TITLES = {"i1": "milk", "i2": "red wine", "i3": "green tea", "i4": "纯牛奶", "i5": "milk"}


def night_of(spark: SparkSession, warehouse: Path, bert: Path, **encoder: Any) -> Night:
    small = {"model": str(bert), "device": "cpu", "dtype": "float32", "max_item_tokens": 12, "max_user_tokens": 20}
    tuning = "{steps: 2, batch_size: 4}"
    lines = "".join(f"  {key}: {value}\n" for key, value in {**small, "fine_tune": tuning, **encoder}.items())
    place = warehouse.with_suffix(".yaml")
    source = "source: {kind: complete_journey}\n"
    place.write_text(f"warehouse: {warehouse}\n{source}encoder:\n{lines}", encoding="utf-8")
    conf = load_config(place)
    return Night(conf, NIGHT, "run", spark, Warehouse(spark, conf.warehouse), Record())


def rows_of(spark: SparkSession, table: Table, rows: list[dict[str, Any]]) -> Any:
    """Rows of a table, completed by empty values, false or 1, and by NULL in optional columns."""

    def value(column: Any, row: dict[str, Any]) -> Any:
        if column.name in row or column.nullable:
            return row.get(column.name)
        empty: dict[type, Any] = {StringType: "", BooleanType: False, ArrayType: [], MapType: {}}
        return empty[type(column.type)] if type(column.type) in empty else column.type.fromInternal(1)

    return spark.createDataFrame([tuple(value(c, row) for c in table.columns) for row in rows], table.schema)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def store_of_five(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five items, two of one text; u1 and u2 buy each in turn, u3 nothing. Tables as the steps before leave them."""
    folder = tmp_path_factory.mktemp("five") / "warehouse"
    tables = Warehouse(spark, str(folder))
    start = datetime(2017, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    items = [
        {"item_id": i, "valid_from": start, "title": t, "attributes": {}, "listed_at": start, "updated_at": start}
        for i, t in TITLES.items()
    ]
    tables.replace(rows_of(spark, ITEMS, items), ITEMS, None)
    days = [datetime(2017, 5, 15) + timedelta(days=2 * n) for n in range(90)]
    events = [
        {
            "event_id": f"e{n}", "user_id": f"u{1 + n % 2}", "item_id": f"i{1 + n * 3 % 5}", "event_type": "purchase",
            "event_time": day, "event_date": day.date(), "ingested_at": day, "price": 1, "quantity": 1,
            "sample_weight": 1.0,
        }
        for n, day in enumerate(days)
    ]  # fmt: skip
    tables.replace(rows_of(spark, EVENTS, _decimal(events)), EVENTS, None)
    hashes = {row.item_id: row.text_hash for row in with_item_text(tables.read(ITEMS)).collect()}
    for table, rows in (
        (ITEM_FEATURES_TABLE, [{"item_id": i, "title": t, "text_hash": hashes[i]} for i, t in TITLES.items()]),
        (USER_FEATURES_TABLE, [{"user_id": u} for u in ("u1", "u2", "u3")]),
        (USER_HISTORY, [{"user_id": u, **_history(u)} for u in ("u1", "u2")]),
    ):
        dated = [{"as_of": day, **_unit_shares(table), **row} for day in (*CUTS, NIGHT) for row in rows]
        tables.replace(rows_of(spark, table, dated), table, None)
    return folder


def _decimal(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from decimal import Decimal

    return [{**row, "price": Decimal("1.00")} for row in rows]


def _history(user: str) -> dict[str, Any]:
    items = ["i1", "i2"] if user == "u1" else ["i4"]
    return {"item_ids": items, "event_types": ["purchase"] * len(items), "days_ago": [1.0] * len(items),
            "event_times": [datetime(2024, 1, 1, tzinfo=UTC)] * len(items)}  # fmt: skip


def _unit_shares(table: Table) -> dict[str, Any]:
    from pyspark.sql.types import DoubleType, LongType

    numbers: dict[type, Any] = {DoubleType: 1.0, LongType: 1}
    return {c.name: numbers[type(c.type)] for c in table.columns if type(c.type) in numbers}


@pytest.fixture
def warehouse(store_of_five: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(store_of_five, tmp_path / "warehouse"))


def draft_in(warehouse: Path) -> Draft | None:
    return read_draft(storage_of(str(warehouse)), warehouse / "scratch", NIGHT)


def vectors(night: Night, table: Table, *key: str) -> dict[tuple, np.ndarray]:
    rows = Warehouse(night.spark, night.conf.warehouse).read(table).collect()
    by_key = {tuple(row[name] for name in key): np.array(row.embedding) for row in rows}
    assert len(by_key) == len(rows)
    return by_key


def test_a_first_night_trains_embeds_and_does_it_again_with_the_same_tables(
    spark: SparkSession,
    warehouse: Path,
    bert: Path,
) -> None:
    night = night_of(spark, warehouse, bert)
    fine_tune(night)
    draft = draft_in(warehouse)
    assert draft is not None
    assert (draft.cuts, draft.encoder_as_of, draft.conf_hash) == (CUTS, NIGHT, night.conf.hash)
    assert (night.record.status, night.record.rows) == ("done", {"pairs": 8, "steps": 2})
    assert night.record.decisions["encoder_version"] == draft.encoder_version
    encoder = Encoder.load(draft.encoder_folder, "cpu")
    assert encoder.settings.cut == CUTS[0].isoformat() == "2017-08-11"

    embed(night)
    texts = vectors(night, TEXT_EMBEDDINGS, "text_hash", "encoder_version")
    users = vectors(night, USER_EMBEDDINGS, "as_of", "user_id", "encoder_version")
    assert night.record.rows == {"item_texts": 4, "user_texts": 15}  # i1 and i5 share a text; 3 shoppers, 5 dates
    assert set(texts) == {
        (row.text_hash, draft.encoder_version) for row in with_item_text(night.tables.read(ITEMS)).collect()
    }
    expected = dict(zip(("u1", "u2", "u3"), encoder.encode_users(["milk, red wine", "纯牛奶", ""], 3), strict=True))
    for (_, user, version), vector in users.items():
        assert version == draft.encoder_version
        assert vector == pytest.approx(expected[user], abs=1e-5)

    again = night_of(spark, warehouse, bert)
    fine_tune(again)
    embed(again)
    assert again.record.rows == {"item_texts": 0, "user_texts": 3}
    assert draft_in(warehouse) == draft
    assert vectors(again, TEXT_EMBEDDINGS, "text_hash", "encoder_version").keys() == texts.keys()
    for key, vector in vectors(again, USER_EMBEDDINGS, "as_of", "user_id", "encoder_version").items():
        assert vector == pytest.approx(users[key], abs=1e-6)


def test_another_configuration_opens_another_draft_and_no_steps_keep_the_weights(
    spark: SparkSession,
    warehouse: Path,
    bert: Path,
) -> None:
    fine_tune(night_of(spark, warehouse, bert))
    first = draft_in(warehouse)
    night = night_of(spark, warehouse, bert, fine_tune="{steps: 0}")
    fine_tune(night)
    second = draft_in(warehouse)
    assert first is not None
    assert second is not None
    assert first.encoder_version != second.encoder_version
    drafted = Encoder.load(second.encoder_folder, "cpu")
    loaded = Encoder.from_pretrained(
        str(bert), as_of="2017-12-01", cut="2017-08-11", max_item_tokens=12, max_user_tokens=20, dtype="float32"
    )
    assert drafted.version == loaded.version


def test_a_young_encoder_stays_and_two_contenders_share_it(
    spark: SparkSession,
    warehouse: Path,
    bert: Path,
    tmp_path: Path,
) -> None:
    night = night_of(spark, warehouse, bert, every_days=100)
    store = model_store(night)
    earlier = NIGHT - timedelta(days=30)
    encoder = Encoder.from_pretrained(
        str(bert), as_of=earlier.isoformat(), cut="2017-07-12", max_item_tokens=12, max_user_tokens=20
    )
    encoder.save(tmp_path / "bundle/encoder")
    tags = {"encoder_version": encoder.version, "encoder_as_of": earlier.isoformat(), "gate": "passed"}
    store.promote(store.register(tmp_path / "bundle", earlier, {}, {}, tags).version)
    fine_tune(night)
    draft = draft_in(warehouse)
    assert draft is not None
    assert (draft.encoder_version, draft.encoder_as_of) == (encoder.version, earlier)
    embed(night)
    assert night.record.rows == {"item_texts": 4, "user_texts": 15}

    store.register(tmp_path / "bundle", NIGHT, {}, {}, {**tags, "gate": "refused"})
    later = night_of(spark, warehouse, bert, every_days=100)
    fine_tune(later)
    assert later.record.status == "skipped"
    embed(later)
    assert later.record.rows == {"item_texts": 0, "user_texts": 3}


def test_what_stops_the_steps(
    spark: SparkSession,
    warehouse: Path,
    bert: Path,
) -> None:
    with pytest.raises(LongtailError, match=r"no champion and no draft\. Run jobs/fine_tune\.py for 2017-12-01"):
        embed(night_of(spark, warehouse, bert))
    with pytest.raises(ConfigurationError, match="the folder does not exist"):
        fine_tune(night_of(spark, warehouse, Path("/no/such/bert")))
    with pytest.raises(LongtailError, match=r"no new model is trained\. .*learning_rate.* --from-step embed"):
        fine_tune(night_of(spark, warehouse, bert, fine_tune="{steps: 3, learning_rate: 1.0e+35}"))
    assert draft_in(warehouse) is None
    night = night_of(spark, warehouse, bert, fine_tune="{steps: 0}")
    fine_tune(night)
    renamed = night.tables.read(ITEMS).withColumn("title", F.concat("title", F.lit(" fresh")))
    night.tables.replace(renamed.localCheckpoint(), ITEMS, None)
    with pytest.raises(LongtailError, match=r"4 item texts .* Run jobs/build_features\.py for 2017-12-01 again"):
        embed(night_of(spark, warehouse, bert, fine_tune="{steps: 0}"))


def test_embedding_resumes_where_it_stopped(
    spark: SparkSession, warehouse: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text a commit or none, by its hash, and a date a commit; killed at the second commit of each table."""
    monkeypatch.setattr("jobs.embed.TEXTS_A_COMMIT", 1)
    monkeypatch.setattr("jobs.embed.SHOPPERS_A_COMMIT", 1)
    fine_tune(night_of(spark, warehouse, bert))
    undisturbed = night_of(spark, shutil.copytree(warehouse, warehouse.parent / "undisturbed"), bert)
    embed(undisturbed)

    def killed_at_second(name: str) -> None:
        commit, calls = getattr(Warehouse, name), []

        def killed(tables: Warehouse, *arguments: Any) -> None:
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            commit(tables, *arguments)

        with monkeypatch.context() as patched:
            patched.setattr(Warehouse, name, killed)
            with pytest.raises(KeyboardInterrupt):
                embed(night_of(spark, warehouse, bert))

    killed_at_second("add")
    embedded = len(vectors(undisturbed, TEXT_EMBEDDINGS, "text_hash"))
    first = len(vectors(night_of(spark, warehouse, bert), TEXT_EMBEDDINGS, "text_hash"))
    killed_at_second("replace")
    again = night_of(spark, warehouse, bert)
    embed(again)
    assert embedded == 4
    assert first < 4
    assert again.record.rows == {"item_texts": 0, "user_texts": 3 * 4}  # of one past date they are there
    for table, key in ((TEXT_EMBEDDINGS, ("text_hash",)), (USER_EMBEDDINGS, ("as_of", "user_id"))):
        expected = vectors(undisturbed, table, *key)
        resumed = vectors(again, table, *key)
        assert resumed.keys() == expected.keys()
        for name, vector in resumed.items():
            assert vector == pytest.approx(expected[name], abs=1e-6)


def test_partitions_change_no_vector(spark: SparkSession, bert: Path, tmp_path: Path) -> None:
    """Eleven blocks in one task, in three and in as many as Spark shuffles into, against one call of the encoder."""
    encoder = Encoder.from_pretrained(
        str(bert), as_of="2017-12-01", cut="2017-07-12", max_item_tokens=12, max_user_tokens=20, dtype="float32"
    )
    encoder.save(tmp_path / "encoder")
    words = ("red", "green", "milk", "wine", "tea", "bread", "apple")
    texts = sorted({" ".join(words[n * k % 7] for k in range(n % 9)) + f" {n}" for n in range(150)})
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    night = night_of(spark, tmp_path / "warehouse", bert, batch_size=4)
    sent = send_encoder(night, encoder.version, tmp_path / "encoder")
    expected = dict(zip(texts, encoder.encode_users(texts, 128), strict=True))
    results = []
    for partitions in (1, 3, 200):
        spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
        try:
            with_tasks = with_vectors(night, sent, frame.repartition(partitions), len(texts), "users")
            assert with_tasks.rdd.getNumPartitions() == min(partitions, 10)  # 150 texts in blocks of about 16
            results.append({row.text: np.array(row.embedding, dtype=np.float32) for row in with_tasks.collect()})
        finally:
            spark.conf.set("spark.sql.shuffle.partitions", "2")
    for result in results:
        assert result.keys() == expected.keys()
        for text, vector in result.items():
            assert (vector == results[0][text]).all()
            assert vector == pytest.approx(expected[text], abs=1e-6)


def test_an_encoder_that_cannot_be_used_and_embeddings_of_another(
    spark: SparkSession, warehouse: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = night_of(spark, warehouse, bert)
    fine_tune(night)
    embed(night)
    stored = night.tables.read_date(USER_EMBEDDINGS, NIGHT)
    own = stored.first().encoder_version
    assert embeddings_by(stored, own, "shoppers").count() == 3
    with pytest.raises(LongtailError, match=rf"embeddings of shoppers are by {own}, not by other-1\. Run jobs/embed"):
        embeddings_by(stored, "other-1", "shoppers")
    with pytest.raises(LongtailError, match="are by no encoder, not by"):
        embeddings_by(stored.where("false"), own, "shoppers")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    encoder = night.conf.encoder.model_copy(update={"device": "cuda"})
    on_gpu = replace(night, conf=night.conf.model_copy(update={"encoder": encoder}))
    with pytest.raises(LongtailError, match=r"cannot be used\. encoder\.device is cuda, but torch sees no GPU"):
        embed(on_gpu)


EVERY_OPTION = (
    "{steps: 4, batch_size: 4, accumulate: 2, hard_negatives: 1, tail_weight: 2.0, held_out_days: 28, "
    "evaluate_every: 2, checkpoint_every: 1, learning_rate: 1.0e-3}"
)


def test_a_killed_fine_tuning_resumes_and_reaches_the_same_encoder(
    spark: SparkSession, warehouse: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed within the third step, by an error that is not handled; with all options at once."""
    undisturbed = night_of(spark, warehouse, bert, fine_tune=EVERY_OPTION)
    fine_tune(undisturbed)
    first = undisturbed.record.decisions
    assert {"held_out_loss", "held_out_loss_before", "kept_step"} <= first.keys()
    shutil.rmtree(warehouse / "drafts")
    whole, calls = Batch.loss, []

    def killed(batch: Batch, towers: object, temperature: float) -> object:
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return whole(batch, towers, temperature)

    stopped = night_of(spark, warehouse, bert, fine_tune=EVERY_OPTION)
    monkeypatch.setattr(Batch, "loss", killed)
    with pytest.raises(KeyboardInterrupt):
        fine_tune(stopped)
    monkeypatch.setattr(Batch, "loss", whole)
    left = warehouse / "fine_tuning" / NIGHT.isoformat() / CHECKPOINT
    assert left.is_file()
    assert draft_in(warehouse) is None
    resumed = night_of(spark, warehouse, bert, fine_tune=EVERY_OPTION)
    fine_tune(resumed)
    assert resumed.record.decisions == first
    assert not left.exists()


def test_two_processes_tune_as_one_does(spark: SparkSession, warehouse: Path, bert: Path) -> None:
    """By Spark's TorchDistributor, with gloo: two processes of one batch a step are one process of two."""
    options = "{steps: 3, batch_size: 4, method: lora, lora: {rank: 2, alpha: 4, dropout: 0.1}, learning_rate: 1.0e-2"
    results = {}
    for processes, accumulate in ((1, 2), (2, 1)):
        night = night_of(
            spark, warehouse, bert, processes=processes, fine_tune=f"{options}, accumulate: {accumulate}}}"
        )
        fine_tune(night)
        embed(night)
        results[processes] = (
            night.record.decisions["first_loss"],
            vectors(night, USER_EMBEDDINGS, "as_of", "user_id", "encoder_version"),
        )
        shutil.rmtree(warehouse / "user_embeddings")
        shutil.rmtree(warehouse / "text_embeddings")
    assert results[1][0] == results[2][0]
    assert results[1][1].keys() == results[2][1].keys()  # also the versions: the weights are equal to the bit
    for key, vector in results[1][1].items():
        assert vector == pytest.approx(results[2][1][key], abs=1e-5)
    with pytest.raises(LongtailError, match=r"no new model is trained\. .*learning_rate"):
        fine_tune(night_of(spark, warehouse, bert, processes=2, fine_tune="{steps: 3, learning_rate: 1.0e+35}"))
