"""Daily partials: purchases and exposures are separate, days are cut at midnight UTC."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.aggregates.daily import (
    daily_item,
    daily_pair,
    daily_user,
    daily_visitor,
    on_known_date,
    pairs_of_items,
)
from features.visitors import of_visitors
from tests.features.aggregates.frames import at, bought, events, shown


def test_a_day_of_an_item(spark: SparkSession) -> None:
    log = events(
        spark,
        [
            bought("u2", "a", at(11, 30, 23, 59, 59), "1.50", "0.25"),
            bought("u1", "a", at(11, 30), "0.50"),
            bought("u1", "a", at(11, 30, 1), "0.01", "0.05"),
            shown("u3", "a", at(11, 30, 2)),
            shown("u3", "b", at(11, 30, 2)),
            bought("u1", "a", at(12, 1), "9.00"),
        ],
    )
    days = {(row["day"], row["item_id"]): row for row in daily_item(daily_pair(log)).collect()}
    assert set(days) == {(date(2017, 11, 30), "a"), (date(2017, 11, 30), "b"), (date(2017, 12, 1), "a")}
    day = days[date(2017, 11, 30), "a"]
    assert (day["purchases_count"], day["units_sum"], day["exposures_weight"]) == (3, 3, 10.0)
    assert day["spend_sum"] == Decimal("2.01")  # 1.50 + 0.50 + 0.01
    assert day["discount_sum"] == Decimal("0.30")  # 0.25 + nothing + 0.05
    assert (day["buyers_count"], day["new_buyers_count"], day["discounted_count"]) == (2, 2, 2)
    assert days[date(2017, 12, 1), "a"]["new_buyers_count"] == 0  # u1 had bought it the day before
    shown_only = days[date(2017, 11, 30), "b"]
    assert (shown_only["purchases_count"], shown_only["spend_sum"], shown_only["buyers_count"]) == (0, Decimal(0), 0)


def test_a_day_of_a_shopper(spark: SparkSession) -> None:
    log = events(
        spark, [bought("u", "b", at(11, 30)), bought("u", "a", at(11, 30, 5)), bought("u", "a", at(11, 30, 6))]
    )
    (day,) = daily_user(daily_pair(log), log).collect()
    assert (day["purchases_count"], day["baskets_count"], day["items_count"], day["stores"]) == (3, 1, 2, ["s1"])
    assert (day["night_count"], day["morning_count"]) == (2, 1)  # 0 h and 5 h; 6 h
    (there,) = daily_user(daily_pair(log), log, "Asia/Kolkata").collect()  # 5:30, 10:30 and 11:30 h
    assert (there["night_count"], there["morning_count"], there["afternoon_count"]) == (1, 2, 0)


def test_days_of_a_pair_know_those_before(spark: SparkSession) -> None:
    rows = [bought("u", "a", at(month, 1)) for month in (1, 2, 3, 4)] + [shown("u", "a", at(3, 2))]
    whole = daily_pair(events(spark, rows)).orderBy("day").collect()
    first, second, third, fourth = (date(2017, month, 1) for month in (1, 2, 3, 4))
    assert [(row["day"], row["previous_day"], row["earlier_day"]) for row in whole] == [
        (first, None, None),
        (second, first, None),
        (third, second, first),
        (date(2017, 3, 2), None, None),  # an exposure
        (fourth, third, second),
    ]
    # The same in two parts, the earlier days first.
    for cut in range(1, 4):
        early = daily_pair(events(spark, rows[:cut]))
        late = daily_pair(events(spark, rows[cut:]), early)
        assert early.unionByName(late).orderBy("day").collect() == whole


def test_no_events_give_no_days(spark: SparkSession) -> None:
    nothing = events(spark, [])
    assert daily_pair(nothing).collect() == []
    assert daily_item(daily_pair(nothing)).collect() == []
    assert daily_user(daily_pair(nothing), nothing).collect() == []


def of_visitor(log: DataFrame) -> DataFrame:
    return log.withColumns({"visitor_id": F.col("user_id"), "user_id": F.lit(None).cast("string")})


def test_items_count_a_visitor_at_once_and_the_shopper_on_the_day_of_identification(spark: SparkSession) -> None:
    own = events(spark, [bought("u", "a", at(12, 3)), bought("u", "a", at(12, 5))])
    guest = of_visitor(events(spark, [bought("v", "a", at(12, 1)), ("v", "b", "view", at(12, 1), 0, "0", None)]))
    joined = guest.withColumns({"user_id": F.lit("u"), "known_date": F.lit(date(2017, 12, 3))})
    pairs, visitors = daily_pair(own, None, joined), daily_visitor(of_visitors(guest))
    first, third, fifth = (date(2017, 12, day) for day in (1, 3, 5))
    of_shopper = pairs.orderBy("day", "item_id", "joined").collect()
    assert [tuple(row[name] for name in ("day", "item_id", "joined", "purchases_count", "views_weight", "previous_day"))
            for row in of_shopper] == [
        (third, "a", False, 1, 0.0, None),
        (third, "a", True, 1, 0.0, third),
        (third, "b", True, 0, 1.0, None),
        (fifth, "a", False, 1, 0.0, third),
    ]  # fmt: skip
    items = {(row["day"], row["item_id"]): row for row in daily_item(pairs_of_items(pairs, visitors)).collect()}
    assert {
        key: (row["purchases_count"], row["views_weight"], row["new_buyers_count"]) for key, row in items.items()
    } == {
        (first, "a"): (1, 0.0, 1),
        (first, "b"): (0, 1.0, 0),
        (third, "a"): (1, 0.0, 1),
        (fifth, "a"): (1, 0.0, 0),
    }
    days = daily_user(pairs, own.unionByName(on_known_date(joined))).orderBy("day").collect()
    assert [(row["day"], row["purchases_count"], row["items_count"], row["new_items_count"]) for row in days] == [
        (third, 2, 1, 1),
        (fifth, 1, 1, 0),
    ]
    # The same in two parts, the earlier days first.
    late = daily_pair(own.where("event_date > '2017-12-03'"), pairs.where("day <= '2017-12-03'"))
    assert late.select("previous_day").collect() == [(third,)]
