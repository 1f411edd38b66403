"""Partials of days: purchases and exposures apart, days cut at midnight UTC."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pyspark.sql import SparkSession

from features.aggregates.daily import daily_item, daily_user
from tests.features.aggregates.frames import at, bought, events, shown


def test_a_day_of_an_item(spark: SparkSession) -> None:
    made = events(
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
    found = {(row["day"], row["item_id"]): row for row in daily_item(made).collect()}
    assert set(found) == {(date(2017, 11, 30), "a"), (date(2017, 11, 30), "b"), (date(2017, 12, 1), "a")}
    day = found[date(2017, 11, 30), "a"]
    assert (day["purchases_count"], day["units_sum"], day["exposures_weight"]) == (3, 3, 10.0)
    assert day["spend_sum"] == Decimal("2.01")  # 1.50 + 0.50 + 0.01
    assert day["discount_sum"] == Decimal("0.30")  # 0.25 + nothing + 0.05
    assert day["buyers"] == ["u1", "u2"]
    shown_only = found[date(2017, 11, 30), "b"]
    assert (shown_only["purchases_count"], shown_only["spend_sum"], shown_only["buyers"]) == (0, Decimal(0), [])


def test_a_day_of_a_shopper(spark: SparkSession) -> None:
    made = events(
        spark, [bought("u", "b", at(11, 30)), bought("u", "a", at(11, 30, 5)), bought("u", "a", at(11, 30, 6))]
    )
    (day,) = daily_user(made).collect()
    assert (day["purchases_count"], day["baskets_count"], day["items"], day["stores"]) == (3, 1, ["a", "b"], ["s1"])


def test_no_events_give_no_days(spark: SparkSession) -> None:
    assert daily_item(events(spark, [])).collect() == []
    assert daily_user(events(spark, [])).collect() == []
