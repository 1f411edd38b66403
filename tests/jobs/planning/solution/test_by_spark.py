"""Prices and lists found on the executors are those found in memory, whatever shards and partitions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from features.contract import EXPOSURE_SCORES
from jobs.execution.night import Night
from jobs.plan_exposure import plan_exposure, plan_night
from jobs.planning import problem
from model.exposure import passes
from tests.jobs.planning.small_store import NIGHT, conf_in, night_of

pytestmark = pytest.mark.slow

EXPLORED = {
    "exploration_slots": 1,
    "item_floor": {"segment": "tail", "exposures": 0.5},
    "launch": {"exposures": 1.0, "days": 30},
}
# Planned entries deliver what the draw leaves of the floor.
CREDITED = EXPLORED | {
    "floors": {"unwanted": {"column": "category", "equals": "Alcoholfree", "share": 0.2}},
    "caps": {},
    "max_passes": 40,
}


@pytest.fixture
def partitions(spark: SparkSession, request: pytest.FixtureRequest) -> Iterator[None]:
    key = "spark.sql.shuffle.partitions"
    before = spark.conf.get(key)
    spark.conf.set(key, str(request.param))
    yield
    spark.conf.set(key, str(before))


def rows_of(night: Night) -> list[pd.DataFrame]:
    """Lists, items and prices of a plan, sorted."""
    plan = plan_night(night)
    assert plan.solved.solved_in == ("spark" if night.conf.plan.driver_pairs == 1 else "memory")
    lists = plan.rows.lists.toPandas().sort_values(["user_id", "rank"], ignore_index=True)
    assert plan.rows.entries == len(lists)
    plan.close()
    return [lists, plan.rows.items, plan.rows.prices]


def lists_of(night: Night) -> pd.DataFrame:
    """Lists as published, sorted."""
    lists = night.tables.read_date(EXPOSURE_SCORES, NIGHT).toPandas()
    return lists.sort_values(list(EXPOSURE_SCORES.key), ignore_index=True)


@pytest.mark.parametrize(
    ("shard_users", "most_stretches", "partitions", "keys"),
    [
        (8_192, 64, 2, EXPLORED),
        (7, 64, 1, {}),
        pytest.param(7, 64, 7, CREDITED, marks=pytest.mark.promise),
        (3, 2, 2, EXPLORED),
    ],
    indirect=["partitions"],
)
@pytest.mark.usefixtures("partitions")
def test_spark_and_memory_agree_to_the_last_digit(
    spark: SparkSession, store: Path, monkeypatch: pytest.MonkeyPatch, shard_users: int, most_stretches: int,
    keys: dict[str, Any],
) -> None:  # fmt: skip
    monkeypatch.setattr(passes, "MOST_STRETCHES", most_stretches)
    monkeypatch.setattr(problem, "SHARD_USERS", shard_users)
    keys = {"max_passes": 8, **keys}  # more passes are more of the same, but for prices that are looked at
    in_memory = rows_of(night_of(spark, conf_in(store, **keys)))
    by_spark = rows_of(night_of(spark, conf_in(store, driver_pairs=1, **keys)))
    for ours, theirs in zip(by_spark, in_memory, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    assert in_memory[0].groupby("user_id").size().tolist() == [3] * 24
    if "caps" in keys:
        [floor] = in_memory[2][in_memory[2]["constraint"] == "unwanted"].to_dict("records")
        assert floor["price"] > 0
        # The four shards have 24 shoppers, and each delivers whole entries.
        assert floor["bound"] * 0.998 <= floor["used"] <= 1.15 * floor["bound"]


def test_the_night_by_spark_has_the_same_lists(spark: SparkSession, store: Path, planned: Night) -> None:
    lists = lists_of(planned)
    night = night_of(spark, conf_in(store, driver_pairs=1))
    plan_exposure(night)
    assert night.record.decisions["solved_in"] == "spark"
    pd.testing.assert_frame_equal(lists, lists_of(night))
