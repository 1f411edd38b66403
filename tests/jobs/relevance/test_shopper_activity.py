"""How active shoppers were before a cut, by the response that the model predicts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from features.contract import EVENTS
from jobs.config.configuration import load_config
from jobs.execution.night import Night, Record
from jobs.relevance.item_side import ItemSide
from jobs.relevance.samples import Sample
from jobs.relevance.shopper_activity import shopper_activity
from jobs.tables.warehouse import Warehouse
from model.fusion.inputs import Block, Items
from model.fusion.ranker import RankerInputs
from tests.conftest import ROOT
from tests.jobs.small_tables import filled

CUT = date(2024, 3, 9)
USERS = ["a", "b", "c"]


def _night(spark: SparkSession, folder: Path, target: str) -> Night:
    conf = load_config(ROOT / "conf/local.yaml", [f"warehouse={folder}", f"relevance.target={target}"])
    return Night(conf, CUT, "x", spark, Warehouse(spark, conf.warehouse), Record())


def _sample() -> Sample:
    """Shoppers with 0, 5 and 9 purchases in 28 days, since 3, 40 and 9999 days."""
    features = np.log1p(np.array([[0, 3], [5, 40], [9, 9999]], dtype=np.float32))
    nothing = np.zeros((3, 0))
    block = Block(
        history=nothing, days_ago=nothing, event_types=nothing, user_features=features,
        candidates=np.zeros((3, 1), dtype=np.int32), channel_scores=np.zeros((3, 1, 0)),
        first_stage_score=np.zeros((3, 1)), pair_features=np.zeros((3, 1, 0)),
    )  # fmt: skip
    ids = np.array(["i"])
    side = ItemSide(ids, ids, ids, Items(np.zeros((1, 0)), np.zeros((0, 2)), np.full(1, -1)))
    inputs = RankerInputs(("als",), (), ("purchases_count_28d", "days_since_first_purchase"), 1)
    return Sample(inputs, pa.array(USERS), side, block, np.zeros((3, 1), dtype=bool), None)


def test_purchases_are_read_from_the_inputs(spark: SparkSession, tmp_path: Path) -> None:
    activity = shopper_activity(_night(spark, tmp_path, "purchase"), CUT, _sample())
    assert activity.log_age is not None
    np.testing.assert_allclose(np.expm1(activity.recent), [0, 5, 9], rtol=1e-5)
    np.testing.assert_allclose(np.expm1(activity.log_age), [3, 40, 9999], rtol=1e-4)


@pytest.mark.slow  # Delta writes
def test_other_responses_are_counted_from_the_events(spark: SparkSession, tmp_path: Path) -> None:
    night = _night(spark, tmp_path, "view")
    noon = datetime(2024, 3, 9, 12, tzinfo=UTC)
    log = [("a", "view", 1), ("a", "view", 28), ("a", "view", 29), ("a", "purchase", 50), ("b", "view", 60),
           ("b", "view", 0), ("c", "purchase", 2), ("other", "view", 1)]  # fmt: skip
    rows = [
        {
            "event_id": str(n), "user_id": user, "event_type": kind, "event_date": CUT - timedelta(days=ago),
            "event_time": noon - timedelta(days=ago), "ingested_at": noon, "sample_weight": 1.0,
        }
        for n, (user, kind, ago) in enumerate(log)
    ]  # fmt: skip
    night.tables.add(filled(spark, EVENTS, rows), EVENTS)
    activity = shopper_activity(night, CUT, _sample())
    assert activity.recent.tolist() == [2, 0, 0]  # b viewed on the day of the cut and long before
    assert activity.log_age is not None
    np.testing.assert_allclose(np.expm1(activity.log_age), [29, 60, np.inf])
