"""Caps and floors of the live night, and groups that starve: far below their floor, beyond chance."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from features.contract import ITEM_EXPOSURE, RUNS
from features.declarations import ITEM_FEATURES_TABLE
from features.live.counting import EPOCH, day_of_night
from jobs.config.configuration import load_config
from jobs.delivery.live_periods import LivePeriod
from jobs.live.live_plan import Floor, LivePlan, live_since, read_live_plan
from jobs.tables.warehouse import Warehouse
from tests.conftest import ROOT
from tests.jobs.small_tables import filled

PLAN = LivePlan(
    None,
    pd.Series(dtype="float64"),
    (Floor("cold (segment = cold)", 0.2, frozenset({"c", "d"})), Floor("new (age <= 28)", 0.2, frozenset({"n"}))),
    (1.0,),
)


def test_a_group_far_below_its_floor_starves() -> None:
    # cold: 3 + 1 of 1,000 instead of 200; new: 150, which is too little, but by less than half
    delivered = pd.Series({"c": 3.0, "d": 1.0, "n": 150.0, "t": 846.0})
    [(name, error)] = PLAN.starving(delivered)
    # 98 % too little, less three standard errors of sqrt(.8 / (.2 * 1000)) each
    assert (name, error) == ("cold (segment = cold)", pytest.approx(0.98 - 3 * 0.0632, abs=1e-3))


def test_few_exposures_are_no_evidence() -> None:
    assert PLAN.starving(pd.Series({"t": 10.0})) == []
    assert PLAN.starving(pd.Series(dtype="float64")) == []


def at(day: int, hour: int) -> datetime:
    return datetime(2024, 5, day, hour, tzinfo=UTC)


def test_a_night_is_live_since_its_publish_or_the_roll_back_to_it() -> None:
    first, second, third = date(2024, 5, 1), date(2024, 5, 2), date(2024, 5, 3)
    periods = [
        LivePeriod(first, at(1, 4), at(2, 4)),
        LivePeriod(second, at(2, 4), at(2, 9)),
        LivePeriod(second, at(2, 9), at(2, 10)),  # published again
        LivePeriod(first, at(2, 10), at(3, 4)),  # rolled back
    ]
    assert [live_since(periods, night) for night in (first, second, third)] == [at(2, 10), at(2, 4), at(3, 0)]


def test_a_day_of_a_night_begins_with_its_publish_and_again_after_24_hours() -> None:
    begun = [day_of_night(at(2, 4), moment) for moment in (at(2, 3), at(2, 4), at(3, 3), at(3, 4), at(5, 5))]
    assert begun == [at(2, 4), at(2, 4), at(2, 4), at(3, 4), at(5, 4)]
    assert day_of_night(EPOCH, at(5, 5)) == at(5, 0)  # without a plan it is the calendar's


@pytest.mark.slow
def test_during_an_ab_test_an_items_cap_is_the_sum_over_the_arms(spark: SparkSession, tmp_path: Path) -> None:
    night = date(2024, 5, 2)
    arms = "{usual: {share: 0.5, plan: {}}, bold: {share: 0.5, plan: {floors: {cold: {share: 0.4}}}}}"
    conf = load_config(
        ROOT / "conf/local.yaml",
        [f"warehouse={tmp_path}", "plan.floors={cold: {column: segment, equals: cold, share: 0.2}}",
         "plan.not_lifted.words=[beer]", "experiment.name=autumn", f"experiment.starts_on={night}",
         f"experiment.arms={arms}"],
    )  # fmt: skip
    tables = Warehouse(spark, conf.warehouse)
    caps = [
        ("main", "c", 4.0),
        ("main", "t", 10.0),
        ("bold", "c", 6.0),
        ("bold", "t", 11.0),
        ("main", "beer", 1.0),
        ("bold", "beer", 1.0),
        ("never shown", "t", 50.0),
    ]
    rows = [
        {
            "as_of": night,
            "policy": policy,
            "placement": "tail_shelf",
            "item_id": item,
            "cap": cap,
            "binding": "none",
            "not_lifted_by": "beer" if item == "beer" else None,
        }
        for policy, item, cap in caps
    ]
    rows[0]["allocated"] = 7.0  # more than its cap, by the shared list of shoppers without consent
    tables.add(filled(spark, ITEM_EXPOSURE, rows), ITEM_EXPOSURE)
    items = [
        {"as_of": night, "item_id": item, "segment": kind}
        for item, kind in (("c", "cold"), ("t", "tail"), ("beer", "cold"))
    ]
    tables.add(filled(spark, ITEM_FEATURES_TABLE, items), ITEM_FEATURES_TABLE)
    publish = {"run_id": "r", "step": "publish", "as_of": night, "status": "done", "seconds": 60.0}
    tables.add(filled(spark, RUNS, [{**publish, "started_at": at(2, 4)}]), RUNS)
    plan = read_live_plan(spark, conf)
    assert plan.since == at(2, 4) + timedelta(minutes=1)
    assert (plan.as_of, plan.cap.to_dict()) == (night, {"c": 13.0, "t": 21.0, "beer": 2.0})
    assert plan.floors[0] == Floor("cold (segment = cold)", 0.2, frozenset({"c"}))
    assert [floor.name for floor in plan.floors[1:]] == ["new_items (days_since_listed <= 28)"]
