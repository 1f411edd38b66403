"""Training, gate, bundle and scoring on a small warehouse with real Delta and MLflow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.contract import (
    CANDIDATES,
    DAILY_ITEM,
    DAILY_PAIR,
    DAILY_USER,
    EVENTS,
    METRICS,
    RELEVANCE,
    TEXT_EMBEDDINGS,
    USER_HISTORY,
)
from features.contract import ITEMS as ITEMS_TABLE
from features.contract import USERS as USERS_TABLE
from features.contract.table import Table
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES, USER_FEATURES_TABLE, Feature
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.registry.active_models import model_store
from jobs.registry.drafts import read_draft, write_draft
from jobs.relevance.blocks import block_of, read_candidates, read_shoppers
from jobs.relevance.explanation import explain_pair
from jobs.relevance.item_side import read_item_side
from jobs.relevance.samples import Sample, Targets, read_sample, read_targets
from jobs.runtime.errors import LongtailError
from jobs.runtime.storage import storage_of
from jobs.score import mean_level, score, scored_candidates, with_relevance
from jobs.tables.warehouse import Warehouse
from jobs.train_relevance import train_relevance
from model.bundle import Bundle
from model.fusion.causes import LOW
from model.fusion.ranker import RankerInputs
from model.fusion.signals import signals_of
from model.periods import training_periods
from model.retrieval.first_stage import FirstStage
from model.retrieval.reference import REFERENCE_WEIGHTS
from tests.jobs.small_tables import filled

pytestmark = pytest.mark.slow  # many Delta writes; the default run covers the step in tests/pipeline

DECEMBER = date(2017, 12, 1)
CHANNELS = ("als", "popularity")
CHANNELS_OF_REFERENCE = ("als", *REFERENCE_WEIGHTS)
USERS, ITEMS, PER_USER = [f"u{n:02}" for n in range(40)], [f"i{n:02}" for n in range(30)], 12
PERIODS = training_periods(DECEMBER, 28, 2)

Changed = dict[str, Any]


@dataclass(frozen=True)
class Small:
    """A warehouse with everything that stands before train_relevance."""

    spark: SparkSession
    folder: Path
    conf: Config

    def night(self, conf: Config | None = None) -> Night:
        conf = conf or self.conf
        return Night(conf, DECEMBER, "run", self.spark, Warehouse(self.spark, str(self.folder)), Record())


@pytest.fixture(scope="module")
def small(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Small:
    folder = tmp_path_factory.mktemp("warehouse")
    small = Small(spark, folder, _conf(folder))
    _fill(small)
    return small


def _conf(
    folder: Path,
    registered_model: str = "longtail-ranker",
    per: str = "horizon",
    season: bool = True,
    policy: str = "main",
    **gate: float,
) -> Config:
    overrides = {
        "warehouse": str(folder),
        "source": {"kind": "complete_journey", "image_embedding_size": 3},
        "relevance": {"batch_users": 10, "per": per, "season": season},
        "fusion": {"width": 16, "heads": 2, "layers": 1, "epochs": 1, "history_items": 5, "signals": True},
        "gate": {"margin": 1.0, "max_calibration_slope_error": 1000.0, "bootstrap_samples": 50, **gate},
        "mlflow": {"registered_model": registered_model},
        "plan": {"policy": policy},
    }
    path = folder / f"{registered_model}.yaml"
    path.write_text(json.dumps(overrides))  # JSON is YAML
    return load_config(path)


def _fill(small: Small) -> None:
    random = np.random.default_rng(7)
    tables = small.night().tables

    def write(rows: list[Changed], table: Table) -> None:
        ordered = [tuple(row[name] for name in table.column_names) for row in rows]
        tables.replace(small.spark.createDataFrame(ordered, table.schema).coalesce(1), table, None)

    dates = (*PERIODS.with_candidates, DECEMBER)
    item = [
        {**defaults(ITEM_FEATURES), "as_of": at, "item_id": i, "text_hash": f"h{n % 9}", "is_eligible": True,
         "segment": ("head", "tail", "tail", "cold")[n % 4], "price_mean_90d": float(n)}
        for at in dates for n, i in enumerate(ITEMS)
    ]  # fmt: skip
    user = [
        {**defaults(USER_FEATURES), "as_of": at, "user_id": u, "purchases_count_28d": n}
        for at in dates for n, u in enumerate(USERS)
    ]  # fmt: skip
    history = [
        {"as_of": at, "user_id": u, "item_ids": [ITEMS[n % 30], "unknown", ITEMS[(3 * n) % 30]],
         "event_types": ["purchase"] * 3, "days_ago": [1.0, 2.5, 40.0],
         "event_times": [datetime(2024, 1, 1, tzinfo=UTC)] * 3}
        for at in dates for n, u in enumerate(USERS[1:])
    ]  # fmt: skip  # the first shopper has no history
    embedding = [
        {"text_hash": f"h{n}", "encoder_version": "e1", "embedding": [float(x) for x in np.eye(9)[n]]} for n in range(9)
    ]
    candidates, events = [], []
    for at in dates:
        for u in USERS:
            for rank, n in enumerate(random.permutation(len(ITEMS))[:PER_USER]):
                channels = [float(x) for x in random.normal(size=2)]
                candidates.append({
                    "as_of": at, "encoder_version": "e1", "first_stage_version": "toy", "user_id": u, "rank": rank + 1,
                    "item_id": ITEMS[n], "first_stage_score": 0.3 * channels[0] - 1.5, "channel_scores": channels,
                })  # fmt: skip
                if at != DECEMBER and random.random() < 0.5:
                    events.append(_exposure(len(events), u, ITEMS[n], at))
                if at != DECEMBER and random.random() < 1 / (1 + np.exp(1.5 - channels[0])):
                    events.append(purchase(len(events), u, ITEMS[n], at + timedelta(days=int(random.choice([0, 27])))))
    pictures = [
        {**dict.fromkeys(ITEMS_TABLE.column_names), "item_id": i, "title": i, "category": "c", "attributes": {},
         "image_embedding": [1.0, 0.0, float(n)],
         "listed_at": datetime(2017, 1, 1), "valid_from": datetime(2017, 1, 1), "updated_at": datetime(2017, 1, 1)}
        for n, i in enumerate(ITEMS[::3])
    ]  # fmt: skip
    signed_up = datetime(2017, 12, 1, tzinfo=UTC) - timedelta(days=20 * 7 + 1)
    tables.add(
        filled(small.spark, USERS_TABLE, [{"user_id": u, "signed_up_at": signed_up} for u in USERS]), USERS_TABLE
    )
    bought = [
        {"day": DECEMBER - timedelta(days=days), "user_id": u, "items_count": 100, "stores": [],
         "new_items_count": 100 if days <= 28 else 50}
        for days in range(1, 20 * 7 + 1) for u in USERS
    ]  # fmt: skip  # twice as many new items in the last four weeks
    tables.add(filled(small.spark, DAILY_USER, bought), DAILY_USER)
    write(pictures, ITEMS_TABLE)
    write(item, ITEM_FEATURES_TABLE)
    write(user, USER_FEATURES_TABLE)
    write(history, USER_HISTORY)
    write(embedding, TEXT_EMBEDDINGS)
    write(candidates, CANDIDATES)
    write(events, EVENTS)


def defaults(features: tuple[Feature, ...]) -> Changed:
    """The default of every feature by name."""
    return {feature.name: feature.default for feature in features}


def purchase(number: int, user: str, item: str, day: date) -> Changed:
    """A row of events: a purchase at noon."""
    row: Changed = dict.fromkeys(EVENTS.column_names)
    at = datetime.combine(day, time(12), UTC)
    return row | {
        "event_id": str(number), "user_id": user, "item_id": item, "event_type": "purchase", "event_time": at,
        "event_date": day, "ingested_at": at, "quantity": 1, "price": Decimal("1.00"), "sample_weight": 1.0,
    }  # fmt: skip


def _exposure(number: int, user: str, item: str, day: date) -> Changed:
    """An hour before the day's purchases."""
    at = datetime.combine(day, time(11), UTC)
    shown = {"event_type": "exposure", "event_time": at, "ingested_at": at, "price": Decimal("0.00"), "propensity": 0.5}
    return purchase(number, user, item, day) | shown


def toy_draft(folder: Path, channels: tuple[str, ...] = CHANNELS) -> None:
    """Writes a draft whose first stage has fixed weights: 0.3 for the first channel."""

    def encoder(place: Path) -> tuple[str, date]:
        place.mkdir()
        (place / "config.json").write_text("{}")
        return "e1", DECEMBER

    draft = write_draft(
        storage_of(str(folder)), folder, DECEMBER, encoder, horizon_days=28, cuts=PERIODS.all_cuts, conf_hash="abc"
    )
    k = len(channels)
    zero, weights = np.zeros(k), np.array([0.3, *[0.0] * (3 * k - 1)])
    FirstStage("toy" if channels == CHANNELS else "wide", channels, zero, np.ones(k), zero, weights, -1.5).save(
        draft.first_stage_folder
    )


def _fill_candidates(small: Small, channels: tuple[str, ...]) -> None:
    """The candidates of the first stage "toy" once more, of one with these channels."""
    night = small.night()
    toy = night.tables.read(CANDIDATES).where("first_stage_version = 'toy'").toPandas()
    random = np.random.default_rng(3)
    toy["first_stage_version"] = "wide"
    toy["channel_scores"] = [
        [float(als), *map(float, random.random(len(channels) - 1))] for als in toy["channel_scores"].str[0]
    ]
    frame = night.spark.createDataFrame(toy[list(CANDIDATES.column_names)], CANDIDATES.schema).coalesce(1)
    night.tables.replace(frame, CANDIDATES, "first_stage_version = 'wide'")


def _samples(night: Night) -> list[Sample]:
    draft = read_draft(storage_of(str(night.conf.warehouse)), night.scratch, DECEMBER)
    assert draft is not None
    inputs = RankerInputs(CHANNELS_OF_REFERENCE, ("price_mean_90d",), ("purchases_count_28d",), 5)
    return [read_sample(night, cut, PERIODS.end(cut), draft, "wide", inputs) for cut in PERIODS.second_stage]


def _of_main(night: Night) -> DataFrame:
    return night.tables.read_date(RELEVANCE, DECEMBER).where("policy = 'main'")


def _relevance(night: Night) -> list[tuple[Any, ...]]:
    rows = _of_main(night).orderBy("user_id", "item_id").collect()
    return [(row.user_id, row.item_id, row.relevance, row.top_reasons) for row in rows]


def test_the_night_from_draft_to_relevance(small: Small) -> None:
    with pytest.raises(LongtailError, match="No champion"):
        score(small.night())

    toy_draft(small.folder)
    trained = small.night()
    train_relevance(trained)
    assert trained.record.status == "done"
    assert trained.record.decisions["gate"] == "passed"
    assert trained.record.decisions["gate_reference"] == "popularity"
    assert trained.record.rows["training_pairs"] == 2 * len(USERS) * PER_USER
    champion = model_store(trained).champion(DECEMBER)
    assert champion is not None
    assert champion.version == trained.record.model_version
    assert Bundle.load(champion.folder).scorer.ranker.inputs.image_size == 3
    assert not (trained.scratch / "bundle").exists()
    files = {path.name for path in champion.folder.parent.iterdir()}
    pictures = {f"{name}.{kind}" for name in ("importance", "attention", "reliability") for kind in ("csv", "svg")}
    assert {"model_card.md", *pictures} <= files

    again = small.night()
    train_relevance(again)
    assert again.record.status == "skipped"

    scored = small.night()
    score(scored)
    first = _relevance(scored)
    assert scored.record.rows == {"pairs": len(USERS) * PER_USER}
    assert scored.record.model_version == champion.version
    assert all(0 < relevance < 1 for _, _, relevance, _ in first)
    names = {name.removeprefix(LOW) for *_, reasons in first for name in reasons}
    assert names <= {"als", "popularity", *Bundle.load(champion.folder).scorer.ranker.inputs.item_features}
    assert "als" in names
    score(small.night())
    assert _relevance(small.night()) == first

    # The bundle says what its calibrator saw; the night's level follows the last weeks, which had twice as much.
    description = Bundle.load(champion.folder).description
    assert description.calibrated_on == [["2017-09-08", "2017-10-05"], ["2017-10-06", "2017-11-02"]]
    steady = small.night(_conf(small.folder, season=False))
    score(steady)
    shift = float(scored.record.decisions["season"])
    assert 0.4 < shift < np.log(2)  # part of it is expected to pass
    assert steady.record.decisions["season"] == "0"
    odds = [[row[2] / (1 - row[2]) for row in rows] for rows in (first, _relevance(steady))]
    np.testing.assert_allclose(odds[0], np.exp(shift) * np.array(odds[1]), rtol=1e-5)
    figures = {row["name"]: row["value"] for row in steady.tables.read(METRICS).collect()}
    assert (figures["season_shift"], figures["season_deviation"]) == (0.0, 0.0)
    score(small.night())
    # In the gate's period the doubling was still to come.
    assert float(trained.record.decisions["calibration_season"]) == pytest.approx(0.0, abs=0.01)


def test_partitions_change_nothing_and_serving_is_training(small: Small) -> None:
    night = small.night()
    champion = model_store(night).champion(DECEMBER)
    assert champion is not None
    scorer = Bundle.load(champion.folder).scorer
    candidates = read_candidates(night.tables, DECEMBER, "e1", "toy")
    shoppers = read_shoppers(night.tables, DECEMBER, scorer.ranker.inputs)
    side = read_item_side(night, DECEMBER, "e1", scorer.ranker.inputs)
    frames = [scored_candidates(night, scorer, side, candidates, shoppers, n) for n in (1, 3)]
    in_one, in_three = (frame.orderBy("user_id", "item_id").collect() for frame in frames)
    assert in_one == in_three

    # What the driver computes for all shoppers at once, as training and the gate do.
    rows, items = candidates.toArrow(), scorer.ranker.encode_items(side.items)
    _, flat, block = block_of(rows, shoppers.toArrow(), pa.array(side.item_ids), scorer.ranker.inputs)
    relevance = scorer.relevance(block, items).reshape(-1)[flat.to_numpy()]
    pairs = zip(rows["user_id"].to_pylist(), rows["item_id"].to_pylist(), strict=True)
    of_pair = dict(zip(pairs, relevance, strict=True))
    shift = scorer.calibrator.shift(mean_level(frames[0]))
    served = with_relevance(night, champion, frames[0], shift).collect()
    np.testing.assert_allclose(
        [row.relevance for row in served], [of_pair[row.user_id, row.item_id] for row in served], rtol=1e-9
    )


def test_a_chance_is_explained_by_a_sum_of_the_log_odds_that_score_wrote(small: Small) -> None:
    night, _ = run_step(score, small.spark, small.conf, DECEMBER, "scored")
    run_step(score, small.spark, _conf(small.folder, season=False, policy="other"), DECEMBER, "scored for another")
    rows = _of_main(night).orderBy("user_id", "item_id").collect()
    for row in rows[:: len(rows) // 3]:
        [(response, pair)] = explain_pair(night, row["user_id"], row["item_id"]).items()
        assert response == "purchase"
        expected = np.log(row["relevance"] / (1 - row["relevance"]))
        assert pair.log_odds == pytest.approx(expected, abs=1e-4)
        assert pair.base.log_odds[0] + pair.contributions.sum() == pytest.approx(expected, abs=1e-4)
        assert (pair.candidates, pair.base.season) == (PER_USER, float(night.record.decisions["season"]))

    of_first = {row["item_id"] for row in rows if row["user_id"] == USERS[0]}
    other = next(item for item in ITEMS if item not in of_first)
    with pytest.raises(LongtailError, match=rf"{other} is not among the candidates of shopper {USERS[0]} .* such as i"):
        explain_pair(night, USERS[0], other)
    with pytest.raises(LongtailError, match="Shopper unknown has no candidates on 2017-12-01"):
        explain_pair(night, "unknown", ITEMS[0])
    score(small.night(_conf(small.folder, season=False)))  # not recorded in runs, as if another step had changed it
    with pytest.raises(LongtailError, match=r"sum to log-odds of .*Run jobs/score\.py for 2017-12-01 again"):
        explain_pair(night, USERS[0], min(of_first))
    score(small.night())


def test_only_the_sampled_shoppers_reach_the_driver(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    toy_draft(small.folder)
    draft = read_draft(storage_of(str(small.folder)), small.folder, DECEMBER)
    assert draft is not None
    inputs = RankerInputs(CHANNELS, ("price_mean_90d",), ("purchases_count_28d",), 5)
    seen: list[int] = []
    monkeypatch.setattr(
        "jobs.relevance.samples.block_of",
        lambda rows, shoppers, *others: seen.append(len(shoppers)) or block_of(rows, shoppers, *others),
    )

    def sample(most: int) -> tuple[Sample, Targets]:
        first_stage = small.conf.first_stage.model_copy(update={"max_users": most})
        night = small.night(small.conf.model_copy(update={"first_stage": first_stage}))
        drawn = read_sample(night, PERIODS.gate, PERIODS.end(PERIODS.gate), draft, "toy", inputs)
        return drawn, read_targets(night, PERIODS.gate, PERIODS.end(PERIODS.gate), drawn)

    (everyone, all_targets), (some, targets) = sample(1_000), sample(15)
    assert seen == [len(USERS), 15]
    place = pc.index_in(some.user_ids, everyone.user_ids).to_numpy()
    assert (some.block.candidates == everyone.block.candidates[place]).all()
    assert (some.block.user_features == everyone.block.user_features[place]).all()
    assert (some.responded == everyone.responded[place]).all()
    assert set(targets.pairs["user_id"].to_pylist()) <= set(some.user_ids.to_pylist())
    assert (targets.counts(some.user_ids) == all_targets.counts(everyone.user_ids)[place]).all()


@pytest.mark.promise
def test_the_reference_serves_when_the_gate_refuses_the_first_model(small: Small) -> None:
    toy_draft(small.folder, CHANNELS_OF_REFERENCE)
    strict = _conf(small.folder, "other", max_calibration_slope_error=1e-9)
    _fill_candidates(small, CHANNELS_OF_REFERENCE)
    night = small.night(strict)
    train_relevance(night)
    assert night.record.decisions["gate"].startswith("calibration slope")
    assert night.record.decisions["gate"].endswith("(gate.max_calibration_slope_error)")
    store = model_store(night)
    assert [(version.gate, version.promoted_as_of) for version in store.versions()] == [
        ("reference", DECEMBER), ("refused", None),
    ]  # fmt: skip
    champion = store.champion(DECEMBER)
    assert champion is not None
    assert (champion.version, champion.is_reference) == (night.record.decisions["reference_version"], True)
    bundle = Bundle.load(champion.folder)
    assert bundle.description.limits[0].startswith("The gate refused the first model: calibration slope ")
    assert "attempts follow every 7 days (gate.retry_days)" in bundle.description.limits[0]
    assert bundle.description.calibrated_on == [["2017-09-08", "2017-10-05"], ["2017-10-06", "2017-11-02"]]

    scored = small.night(strict)
    score(scored)
    assert scored.record.model_version == champion.version
    assert scored.record.decisions["limits"] == bundle.description.limits[0]
    relevance = _relevance(scored)
    assert {name.removeprefix(LOW) for *_, reasons in relevance for name in reasons} == set(REFERENCE_WEIGHTS)
    # Calibrated: as many purchases as in the past periods, which are as the night's candidates.
    mean = np.mean([chance for *_, chance, _ in relevance])
    bought = [sample.responded[sample.block.listed].mean() for sample in _samples(small.night(strict))]
    assert mean / np.mean(bought) == pytest.approx(np.exp(float(scored.record.decisions["season"])), rel=0.2)


def test_the_reference_serves_when_a_period_has_no_purchase(small: Small) -> None:
    toy_draft(small.folder, CHANNELS_OF_REFERENCE)
    _fill_candidates(small, CHANNELS_OF_REFERENCE)
    night = small.night(_conf(small.folder, "quiet"))
    first = PERIODS.second_stage[0]
    events = night.tables.read(EVENTS)
    without = events.where(
        (F.col("event_type") != "purchase")
        | (F.col("event_date") < F.lit(first))
        | (F.col("event_date") >= F.lit(PERIODS.gate))
    )
    complete = events.localCheckpoint()
    night.tables.replace(without.localCheckpoint(), EVENTS, None)
    try:
        train_relevance(night)
    finally:
        night.tables.replace(complete, EVENTS, None)
    champion = model_store(night).champion(DECEMBER)
    assert champion is not None
    assert champion.is_reference
    assert (
        Bundle.load(champion.folder)
        .description.limits[0]
        .startswith("No model could be trained: No shopper responded to a candidate in the training periods.")
    )


def test_the_last_champion_is_the_reference_and_stays_champion_after_a_refusal(small: Small) -> None:
    toy_draft(small.folder)
    strict = _conf(small.folder, "third", max_calibration_slope_error=1e-9)
    store = model_store(small.night(strict))
    now = model_store(small.night()).champion(DECEMBER)
    assert now is not None
    november = date(2017, 11, 1)
    tags = {"encoder_version": "e1", "encoder_as_of": november.isoformat(), "gate": "passed"}
    store.promote(store.register(now.folder, november, {}, {}, tags).version)

    night = small.night(strict)
    train_relevance(night)
    assert night.record.decisions["gate_reference"] == "version 1"
    # Trained on the same rows with the same seed, it finds what the champion finds.
    figures = night.record.decisions
    assert figures["gate_tail_recall_challenger"] == figures["gate_tail_recall_reference"]
    champion = store.champion(DECEMBER)
    assert champion is not None
    assert champion.version == "1"


def test_per_exposure_only_shown_candidates_are_trained_on(small: Small) -> None:
    toy_draft(small.folder)
    conf = _conf(small.folder, "fourth", per="exposure")
    night = small.night(conf)
    train_relevance(night)
    cuts = [f"DATE'{cut}'" for cut in PERIODS.second_stage]
    shown = night.tables.read(EVENTS).where(f"event_type = 'exposure' AND event_date IN ({', '.join(cuts)})").count()
    assert night.record.rows["training_pairs"] == shown
    # Purchases come on the day itself or 27 days later, and those are not within a week: half of about 20 %.
    assert float(night.record.decisions["calibration_all_rate"]) == pytest.approx(0.1, abs=0.05)
    champion = model_store(night).champion(DECEMBER)
    assert champion is not None
    assert Bundle.load(champion.folder).description.target == "a purchase within 7 days of an exposure"


def test_missing_candidates_of_the_model_are_named(small: Small) -> None:
    with pytest.raises(LongtailError, match=r"no rows for 2017-12-01, e9 and toy.*build_candidates"):
        read_candidates(small.night().tables, DECEMBER, "e9", "toy")


def test_a_store_with_views_trains_and_scores_on_features_of_pairs(small: Small) -> None:
    toy_draft(small.folder)
    conf = _conf(small.folder, "browsed")
    night = small.night(conf)
    dates = (*PERIODS.with_candidates, DECEMBER)
    shown = night.tables.read(CANDIDATES).where("first_stage_version = 'toy'")
    best = shown.where((F.col("rank") <= 3) & F.col("as_of").isin(list(dates)))
    pairs = [
        {"day": row["as_of"] - timedelta(days=1), "user_id": row["user_id"], "item_id": row["item_id"],
         "views_weight": 2.0 if row["rank"] < 3 else 0.0, "exposures_weight": 5.0, "previous_day": None}
        for row in best.collect()
    ]  # fmt: skip
    of_items = [{"day": min(dates) - timedelta(days=1), "item_id": "i00", "views_weight": 1.0, "exposures_weight": 1.0}]
    for table, rows in ((DAILY_PAIR, pairs), (DAILY_ITEM, of_items)):
        night.tables.replace(filled(small.spark, table, rows), table, None)
    try:
        train_relevance(night)
        champion = model_store(night).champion(DECEMBER)
        assert champion is not None
        scorer = Bundle.load(champion.folder).scorer
        signals = signals_of(("exposure", "view"))
        inputs = scorer.ranker.inputs
        assert inputs.pair_features == signals.pair_features
        assert (inputs.event_types, inputs.falling) == (signals.event_types, ("pair_unanswered_count_28d",))
        candidates = read_candidates(night.tables, DECEMBER, "e1", "toy")
        shoppers = read_shoppers(night.tables, DECEMBER, inputs)
        side = read_item_side(night, DECEMBER, "e1", inputs)
        frames = [scored_candidates(night, scorer, side, candidates, shoppers, n) for n in (1, 3)]
        in_one, in_three = (frame.orderBy("user_id", "item_id").collect() for frame in frames)
        assert in_one == in_three
        block = block_of(candidates.toArrow(), shoppers.toArrow(), pa.array(side.item_ids), inputs)[2]
        items = scorer.ranker.encode_items(side.items)
        explained = scorer.explain(block, items).log_odds
        np.testing.assert_allclose(explained, scorer.log_odds(block, items)[0], atol=1e-4)
        views, days, unanswered = np.moveaxis(block.pair_features, 2, 0)
        # The columns of a block are in the order of rank; what was viewed answers the exposures of its day.
        np.testing.assert_allclose(views, np.tile(np.log1p([2.0, 2.0, *[0.0] * (PER_USER - 2)]), (len(USERS), 1)))
        assert (days[:, :2] == np.float32(np.log(2.0))).all()
        assert (unanswered[:, 2] == np.float32(np.log(6.0))).all()
        assert unanswered.sum() == pytest.approx(len(USERS) * np.log(6.0), rel=1e-5)
    finally:
        for table in (DAILY_PAIR, DAILY_ITEM):
            night.tables.replace(small.spark.createDataFrame([], table.schema), table, None)
