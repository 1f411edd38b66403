"""Expected visits from the log: a request counts once, and a day of bot traffic not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from features.contract import DAILY_PAIR, DAILY_USER, EVENTS
from jobs.config.configuration import load_config
from jobs.execution.night import Night, Record
from jobs.planning.shoppers.visits import with_visits
from jobs.tables.warehouse import Warehouse
from tests.conftest import ROOT
from tests.jobs.small_tables import filled

pytestmark = pytest.mark.slow
NIGHT = date(2024, 5, 4)
USERS = pd.DataFrame({"user_id": ["a", "b", "c"], "visit_probability": [0.2, 0.2, 0.9]}).assign(
    **dict.fromkeys(("visit_days_90d", "baskets_count_90d", "purchases_count_28d", "purchases_count_90d"), 0)
)


def seen(user: str, days_ago: int, request: str | None, hour: int = 12, **more: object) -> dict[str, Any]:
    day = NIGHT - timedelta(days=days_ago)
    return {
        "user_id": user, "request_id": request, "event_date": day, "event_type": "exposure", "sample_weight": 1.0,
        "event_time": datetime(day.year, day.month, day.day, hour, tzinfo=UTC), "placement": "tail_shelf",
        "ingested_at": datetime(2024, 6, 1, tzinfo=UTC), **more,
    }  # fmt: skip


LOG = [
    *(seen("a", 2, "one") for _ in range(3)),  # three items of one list
    seen("a", 1, "two", sample_weight=2.0),  # a sampled row: it counts as two
    seen("b", 2, None, 8), seen("b", 2, None, 9),  # no request: two moments are two lists
    *(seen("c", 1, f"bot-{n}", sample_weight=500.0) for n in range(5)),
    seen("c", 2, "people"),
    seen("c", 1, "elsewhere", placement="display"),
    seen("c", 9, "long-ago"),  # before account.nights
    seen("c", 0, "later"),
]  # fmt: skip


def visits(spark: SparkSession, folder: Path, log: list[dict[str, Any]], days_known: float = 100.0) -> list[float]:
    conf = load_config(ROOT / "conf/local.yaml", [f"warehouse={folder}"])
    tables = Warehouse(spark, conf.warehouse)
    tables.add(filled(spark, EVENTS, [{**row, "event_id": str(n)} for n, row in enumerate(log)]), EVENTS)
    night = Night(conf, NIGHT, "x", spark, tables, Record())
    users = spark.createDataFrame(USERS.assign(days_since_signed_up=days_known))
    return [row.visits for row in with_visits(night, users).orderBy("user_id").collect()]


def test_requests_are_counted(spark: SparkSession, tmp_path: Path) -> None:
    # In two days a asked three times, b twice, c once next to bot traffic. Rates never fall with visit_probability.
    assert visits(spark, tmp_path, LOG) == pytest.approx([1.0] * 3)


def test_without_exposures_of_the_placement_visits_are_visit_probability(spark: SparkSession, tmp_path: Path) -> None:
    assert visits(spark, tmp_path, [seen("a", 1, "r", placement="display")]) == [0.2, 0.2, 0.9]


def test_a_day_with_a_view_is_a_visit_where_views_are_the_target(spark: SparkSession, tmp_path: Path) -> None:
    conf = load_config(ROOT / "conf/local.yaml", [f"warehouse={tmp_path}", "relevance.target=view"])
    tables = Warehouse(spark, conf.warehouse)
    tables.add(filled(spark, EVENTS, [{**seen("a", 1, "r", placement="display"), "event_id": "1"}]), EVENTS)
    views = ((1, "x", 1.0), (1, "y", 2.0), (28, "x", 1.0), (29, "x", 1.0), (2, "x", 0.0), (0, "x", 1.0))
    days = [
        {"day": NIGHT - timedelta(days=ago), "user_id": "a", "item_id": item, "views_weight": number,
         "clicks_weight": 1.0}
        for ago, item, number in views
    ]  # fmt: skip
    tables.add(filled(spark, DAILY_PAIR, days), DAILY_PAIR)
    night = Night(conf, NIGHT, "x", spark, tables, Record())
    users = spark.createDataFrame(USERS.assign(days_since_signed_up=100.0))
    expected = [row.visits for row in with_visits(night, users).orderBy("user_id").collect()]
    assert expected == pytest.approx([3 / 30, 1 / 30, 1 / 30])


def test_a_shopper_of_one_day_has_the_rate_of_that_day(spark: SparkSession, tmp_path: Path) -> None:
    assert visits(spark, tmp_path, LOG, days_known=0.5) == pytest.approx([2.0] * 3)


def test_visits_do_not_depend_on_partitions(spark: SparkSession, tmp_path: Path) -> None:
    conf = load_config(ROOT / "conf/local.yaml", [f"warehouse={tmp_path}"])
    tables = Warehouse(spark, conf.warehouse)
    numbers = np.arange(200)
    log = [seen(f"u{n}", 1 + n % 3, f"r{n}-{k}", sample_weight=1.1) for n in range(200) for k in range(n % 7)]
    tables.add(filled(spark, EVENTS, [{**row, "event_id": str(n)} for n, row in enumerate(log)]), EVENTS)
    users = pd.DataFrame({"user_id": [f"u{n}" for n in numbers], "visit_probability": (numbers % 11 + 1) / 12})
    users = users.assign(
        days_since_signed_up=10.0 + numbers, visit_days_90d=numbers % 7, baskets_count_90d=numbers % 5,
        purchases_count_28d=numbers % 3, purchases_count_90d=numbers % 13,
    )  # fmt: skip
    night = Night(conf, NIGHT, "x", spark, tables, Record())
    by_partitions = [
        with_visits(night, spark.createDataFrame(users).repartition(parts)).toPandas().set_index("user_id")["visits"]
        for parts in (1, 7)
    ]
    pd.testing.assert_series_equal(by_partitions[0].sort_index(), by_partitions[1].sort_index(), check_exact=True)
    # Who asked for lists more often is expected to ask again: visit_days_90d predicts requests best.
    assert by_partitions[0]["u6"] > 2 * by_partitions[0]["u7"] > 0


@pytest.mark.promise
def test_a_first_night_by_the_model(spark: SparkSession, tmp_path: Path) -> None:
    """Rates above one a day differ between shoppers who buy every day; nothing depends on partitions."""
    conf = load_config(ROOT / "conf/local.yaml", [f"warehouse={tmp_path}"])
    tables = Warehouse(spark, conf.warehouse)
    log = [seen("s0", 1, "r", placement="display")]
    tables.add(filled(spark, EVENTS, [{**row, "event_id": str(n)} for n, row in enumerate(log)]), EVENTS)
    lines = {"often": 6, "daily": 1}
    bought = [
        {"day": NIGHT - timedelta(days=ago), "user_id": f"s{n}", "purchases_count": lines[kind], "stores": [],
         "baskets_count": 0 if n % 4 else lines[kind]}
        for n, kind in ((n, ("often", "daily")[n % 2]) for n in range(24)) for ago in range(0, 126)
    ]  # fmt: skip
    tables.add(filled(spark, DAILY_USER, bought), DAILY_USER)
    users = pd.DataFrame({"user_id": [f"s{n}" for n in range(26)], "visit_probability": 29 / 30}).assign(
        days_since_signed_up=np.where(np.arange(26) == 25, 1.0, 200.0),
        **dict.fromkeys(("visit_days_90d", "baskets_count_90d", "purchases_count_28d", "purchases_count_90d"), 0),
    )
    night = Night(conf, NIGHT, "x", spark, tables, Record())
    unsplit, split = (
        with_visits(night, spark.createDataFrame(users).repartition(parts)).toPandas().set_index("user_id")["visits"]
        for parts in (1, 7)
    )
    pd.testing.assert_series_equal(unsplit.sort_index(), split.sort_index(), check_exact=True)
    assert (
        unsplit["s0"] == unsplit["s2"] == pytest.approx(6.0, rel=0.1)
    )  # baskets, or lines where no basket is reported
    assert unsplit["s1"] == pytest.approx(1.0, rel=0.1)
    assert unsplit["s24"] < 0.3  # known for long, never came
    assert night.record.decisions["visits"] == "model of 26 shoppers"
    few = Night(conf, NIGHT - timedelta(days=124), "x", spark, tables, Record())
    assert with_visits(few, spark.createDataFrame(users)).toPandas()["visits"].eq(29 / 30).all()
    assert few.record.decisions["visits"] == "visit_probability: too few visits for a model"
    by_days = Night(load_config(ROOT / "conf/local.yaml", [f"warehouse={tmp_path}", "plan.visits=days"]), NIGHT, "x",
                    spark, tables, Record())  # fmt: skip
    assert with_visits(by_days, spark.createDataFrame(users)).toPandas()["visits"].eq(29 / 30).all()
    assert "visits" not in by_days.record.decisions
    assert few.record.decisions["visits"].startswith("visit_probability")
