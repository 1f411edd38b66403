"""The gate with the bars that are shipped: a model that ranks worse than the champion is refused by name."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from features.contract import CANDIDATES, EVENTS, TEXT_EMBEDDINGS, USER_HISTORY
from features.contract.table import Table
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES, USER_FEATURES_TABLE
from jobs.config.configuration import Config, load_config
from jobs.execution.night import Night, Record
from jobs.registry.active_models import model_store
from jobs.tables.warehouse import Warehouse
from jobs.train_relevance import train_relevance
from tests.jobs.test_relevance import DECEMBER, PERIODS, Changed, defaults, purchase, toy_draft

pytestmark = [pytest.mark.slow, pytest.mark.promise]

USERS, ITEMS, PER_USER = [f"u{n:03}" for n in range(100)], [f"i{n:03}" for n in range(180)], 150
NOVEMBER = date(2017, 11, 1)


def test_a_model_with_worse_recall_is_refused_by_the_bars_as_shipped(spark: SparkSession, tmp_path: Path) -> None:
    """Shoppers buy what the channel `als` ranks high. The second model learns from periods in which they bought what it
    ranks low; both are compared on the same days as ever."""
    _fill(_night(spark, _conf(tmp_path, "good")), of_training=1.0)
    toy_draft(tmp_path)
    good = _night(spark, _conf(tmp_path, "good"))
    train_relevance(good)
    assert good.record.decisions["gate"] == "passed"
    champion = model_store(good).champion(DECEMBER)
    assert champion is not None

    worse = _night(spark, _conf(tmp_path, "worse"))
    store = model_store(worse)
    tags = {"encoder_version": "e1", "encoder_as_of": NOVEMBER.isoformat(), "gate": "passed"}
    store.promote(store.register(champion.folder, NOVEMBER, {}, {}, tags).version)
    _write(worse, _events(of_training=-1.0), EVENTS)
    toy_draft(tmp_path)
    train_relevance(worse)
    decisions = worse.record.decisions
    assert decisions["gate"].startswith("tail_recall ")
    assert float(decisions["gate_tail_recall_challenger"]) < 0.8 * float(decisions["gate_tail_recall_reference"])
    assert decisions["gate_segment tail_answer"] == "harmed"
    refused = store.versions_at(DECEMBER)
    assert [version.gate for version in refused] == ["refused"]
    after = store.champion(DECEMBER)
    assert after is not None
    assert after.as_of == NOVEMBER


def _conf(folder: Path, registered_model: str) -> Config:
    """base.yaml, whose section gate stays as it is, with a small fusion model and no season."""
    overrides = {
        "warehouse": str(folder),
        "source": {"kind": "complete_journey"},
        "relevance": {"batch_users": 50, "season": False},
        "fusion": {"width": 16, "heads": 2, "layers": 1, "epochs": 2, "history_items": 2},
        "mlflow": {"registered_model": registered_model},
    }
    path = folder / f"{registered_model}.yaml"
    path.write_text(json.dumps(overrides))  # JSON is YAML
    return load_config(path)


def _night(spark: SparkSession, conf: Config) -> Night:
    return Night(conf, DECEMBER, "run", spark, Warehouse(spark, conf.warehouse), Record())


def _write(night: Night, rows: list[Changed], table: Table) -> None:
    ordered = [tuple(row[name] for name in table.column_names) for row in rows]
    night.tables.replace(night.spark.createDataFrame(ordered, table.schema).coalesce(1), table, None)


def _als(at: date, user: int) -> tuple[np.ndarray, np.ndarray]:
    """The candidates of a shopper at a date and how high the channel `als` scores them."""
    random = np.random.default_rng([at.toordinal(), user])
    return random.permutation(len(ITEMS))[:PER_USER], random.normal(size=PER_USER)


def _events(of_training: float) -> list[Changed]:
    """Purchases in the horizon after each cut; of_training: by which sign of `als` in the periods of the training."""
    events = []
    for at in PERIODS.with_candidates:
        sign = 1.0 if at == PERIODS.gate else of_training
        for user, name in enumerate(USERS):
            item, als = _als(at, user)
            luck = np.random.default_rng([at.toordinal(), user, 1]).random(PER_USER)
            bought = luck < 1 / (1 + np.exp(4 - 2 * sign * als))
            events += [purchase(0, name, ITEMS[n], at + timedelta(days=3)) for n in item[bought]]
    return [{**event, "event_id": str(number)} for number, event in enumerate(events)]


def _fill(night: Night, of_training: float) -> None:
    dates = (*PERIODS.with_candidates, DECEMBER)
    item = [
        {**defaults(ITEM_FEATURES), "as_of": at, "item_id": i, "text_hash": "h", "is_eligible": True, "segment": "tail"}
        for at in dates for i in ITEMS
    ]  # fmt: skip
    user = [{**defaults(USER_FEATURES), "as_of": at, "user_id": u} for at in dates for u in USERS]
    history = [
        {"as_of": at, "user_id": u, "item_ids": ["unknown"], "event_types": ["purchase"], "days_ago": [1.0],
         "event_times": [datetime(2017, 1, 1, tzinfo=UTC)]}
        for at in dates for u in USERS
    ]  # fmt: skip
    candidates = []
    for at in dates:
        for number, u in enumerate(USERS):
            for rank, (n, als) in enumerate(zip(*_als(at, number), strict=True)):
                candidates.append({
                    "as_of": at, "encoder_version": "e1", "first_stage_version": "toy", "user_id": u, "rank": rank + 1,
                    "item_id": ITEMS[n], "first_stage_score": -3.0, "channel_scores": [float(als), 0.0],
                })  # fmt: skip
    _write(night, item, ITEM_FEATURES_TABLE)
    _write(night, user, USER_FEATURES_TABLE)
    _write(night, history, USER_HISTORY)
    _write(night, [{"text_hash": "h", "encoder_version": "e1", "embedding": [1.0, 0.0]}], TEXT_EMBEDDINGS)
    _write(night, candidates, CANDIDATES)
    _write(night, _events(of_training), EVENTS)
