"""No leak: purchases planted after a cut change nothing that was known at it, and nothing that is trained before it."""

from __future__ import annotations

import shutil
from dataclasses import astuple
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import functions as F

from features.contract import (
    CANDIDATES,
    DAILY_ITEM,
    DAILY_PAIR,
    DAILY_USER,
    DEMAND_FORECAST,
    EVENTS,
    TEXT_EMBEDDINGS,
    USER_EMBEDDINGS,
    USER_HISTORY,
    USERS,
)
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.build_candidates import build_candidates
from jobs.build_features import build_features
from jobs.embed import embed, texts_of_shoppers
from jobs.encoder.training_data import tuning_data
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.fine_tune import fine_tune
from jobs.registry.active_models import model_store
from jobs.registry.models import Champion
from jobs.relevance.samples import Sample, read_sample
from jobs.train_first_stage import responded_pairs, train_first_stage
from jobs.train_relevance import train_relevance
from model.bundle import Bundle
from model.periods import training_periods
from tests.pipeline.small_night import AS_OF, Store
from tests.pipeline.test_night import assert_same, rows_of

PERIODS = training_periods(AS_OF, 28, 2)
OF_EVENTS = (DAILY_ITEM, DAILY_USER, DAILY_PAIR, DEMAND_FORECAST)
OF_CUTS = (ITEM_FEATURES_TABLE, USER_FEATURES_TABLE, USER_HISTORY)
OF_DRAFT = (USER_EMBEDDINGS, TEXT_EMBEDDINGS)

pytestmark = [pytest.mark.slow, pytest.mark.promise]


def test_purchases_from_the_gates_cut_on_change_nothing_before_it(store: Store, tmp_path: Path) -> None:
    """Features, encoder, shoppers' texts and embeddings, first stage, candidates, samples and calibrator of a complete
    training, with a purchase of a rare item by every shopper on the first day of the gate's period."""
    copy, item = _copy(store, tmp_path / "warehouse", registered_model="planted"), _rare_item(store, PERIODS.gate)
    _plant(copy, item, PERIODS.gate)
    _delete(copy, *OF_EVENTS, *OF_CUTS, *OF_DRAFT, CANDIDATES)
    for step in (build_features, fine_tune, embed, train_first_stage, build_candidates, train_relevance):
        run_step(step, copy.spark, copy.conf, AS_OF, "after")

    for table in (*OF_CUTS, USER_EMBEDDINGS):
        assert_same(_at(store, table, *PERIODS.all_cuts), _at(copy, table, *PERIODS.all_cuts), table)
    assert _texts(copy, PERIODS.gate) == _texts(store, PERIODS.gate)
    assert_same(_at(store, CANDIDATES, *PERIODS.with_candidates), _at(copy, CANDIDATES, *PERIODS.with_candidates),
                CANDIDATES)  # fmt: skip
    for cut in PERIODS.second_stage:
        with_plant, without = _sample(copy, cut), _sample(store, cut)
        np.testing.assert_array_equal(with_plant.responded, without.responded)
        np.testing.assert_allclose(with_plant.block.user_features, without.block.user_features)
    of_copy, of_store = (Bundle.load(_champion(one).folder) for one in (copy, store))
    assert of_copy.description.encoder_version == of_store.description.encoder_version
    np.testing.assert_allclose(of_copy.scorer.first_stage.weights, of_store.scorer.first_stage.weights, atol=1e-6)
    np.testing.assert_allclose(astuple(of_copy.scorer.calibrator), astuple(of_store.scorer.calibrator), atol=1e-6)
    # Only what the gate compares has them: each shopper newly bought one more item of the tail.
    recall_with, recall_without = (
        bundle.description.metrics["gate_tail_recall_reference"] for bundle in (of_copy, of_store)
    )
    assert recall_with != pytest.approx(recall_without)

    # They are in the features of the night itself, so the comparisons above can see such a signal.
    count, count_without = (
        _at(night, ITEM_FEATURES_TABLE, AS_OF).set_index("item_id").loc[item].purchases_count_28d
        for night in (copy, store)
    )
    assert count - count_without == copy.tables.read(USERS).count()


def test_each_part_of_a_training_ends_with_the_day_before_the_next(store: Store, tmp_path: Path) -> None:
    """Purchases on the first day after a part's data leave it as it was; a day earlier they change it."""
    of_sample = PERIODS.second_stage[0]
    copy, item = _copy(store, tmp_path / "warehouse"), _rare_item(store, of_sample)

    def pairs(one: Store) -> object:
        drawn = tuning_data(_night(one), PERIODS).pairs
        # Few pairs are drawn, but the shares of all of them depend on the number of positives.
        return sorted(zip(drawn.user_texts, drawn.item_texts, drawn.item_shares.tolist(), strict=True))

    def labels(one: Store) -> object:
        rows = responded_pairs(_night(one), PERIODS.first_stage, PERIODS.end(PERIODS.first_stage)).collect()
        return sorted((row.user_id, row.item_id) for row in rows)

    def responses(one: Store) -> object:
        return _sample(one, of_sample).responded.tolist()

    ends = {pairs: PERIODS.encoder_cut, labels: PERIODS.end(PERIODS.first_stage), responses: PERIODS.end(of_sample)}
    for part, end in ends.items():
        without = part(store)
        _plant(copy, item, end)
        assert part(copy) == without, part.__name__
        _plant(copy, item, end - timedelta(days=1))
        assert part(copy) != without, part.__name__


def _copy(store: Store, folder: Path, registered_model: str | None = None) -> Store:
    """A copy of the warehouse; under another name of the registered model it has no version yet."""
    shutil.copytree(store.conf.warehouse, folder)
    name = registered_model or store.conf.mlflow.registered_model
    mlflow = store.conf.mlflow.model_copy(update={"registered_model": name})
    return Store(store.spark, store.conf.model_copy(update={"warehouse": str(folder), "mlflow": mlflow}))


def _night(store: Store) -> Night:
    return Night(store.conf, AS_OF, "read", store.spark, store.tables, Record())


def _champion(store: Store) -> Champion:
    champion = model_store(_night(store)).champion(AS_OF)
    assert champion is not None
    return champion


def _texts(store: Store, day: date) -> list[tuple[str, str]]:
    return sorted((row.user_id, row.text) for row in texts_of_shoppers(_night(store), day).collect())


def _sample(store: Store, cut: date) -> Sample:
    champion = _champion(store)
    scorer = Bundle.load(champion.folder).scorer
    return read_sample(_night(store), cut, PERIODS.end(cut), champion, scorer.first_stage.version, scorer.ranker.inputs)


def _rare_item(store: Store, cut: date) -> str:
    """The candidate of the most shoppers at the cut among items of the tail."""
    of_cut = F.col("as_of") == F.lit(cut)
    tail = store.tables.read(ITEM_FEATURES_TABLE).where(of_cut & (F.col("segment") == "tail")).select("item_id")
    wanted = store.tables.read(CANDIDATES).where(of_cut).join(tail, on="item_id", how="left_semi")
    return str(wanted.groupBy("item_id").count().orderBy(F.desc("count"), "item_id").head()["item_id"])


def _plant(copy: Store, item: str, day: date) -> None:
    """Adds a purchase of the item by every shopper at noon; purchases planted before are removed."""
    at = datetime.combine(day, time(12), UTC)
    row = dict.fromkeys(EVENTS.column_names) | {
        "item_id": item, "event_type": "purchase", "event_time": at, "event_date": day, "ingested_at": at,
        "quantity": 1, "price": Decimal("1.00"), "sample_weight": 1.0,
    }  # fmt: skip
    users = [user.user_id for user in copy.tables.read(USERS).select("user_id").collect()]
    planted = [{**row, "event_id": f"planted-{user}", "user_id": user} for user in users]
    ordered = [tuple(purchase[name] for name in EVENTS.column_names) for purchase in planted]
    others = copy.tables.read(EVENTS).where(~F.col("event_id").startswith("planted-"))
    rows = others.unionByName(copy.spark.createDataFrame(ordered, EVENTS.schema))
    copy.tables.replace(rows, EVENTS, None)


def _delete(copy: Store, *tables: Table) -> None:
    for table in tables:
        shutil.rmtree(Path(copy.conf.warehouse) / table.name)


def _at(store: Store, table: Table, *cuts: date) -> pd.DataFrame:
    rows = rows_of(store, table)
    return rows[rows.as_of.isin(cuts)].reset_index(drop=True)
