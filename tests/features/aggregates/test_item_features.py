"""item_features on a few events around the edges of the windows."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import Row, SparkSession

from features.aggregates.daily import daily_item
from features.aggregates.item_features import item_features, item_segments
from features.declarations import ITEM_FEATURES_TABLE
from tests.features.aggregates.frames import Event, at, bought, dates, events, items, shown

DAY = date(2017, 12, 1)


def _features(spark: SparkSession, rows: list[Event], *days: date, **versions: tuple) -> dict[tuple[date, str], Row]:  # type: ignore[type-arg]
    listed = versions or {item: (at(1, 1), None, None) for item in "abc"}
    daily, asked = daily_item(events(spark, rows)), dates(spark, *(days or (DAY,)))
    segments = item_segments(daily, asked, 365, 0.8)
    made = item_features(items(spark, [(item, *rest) for item, rest in listed.items()]), daily, segments, asked)
    assert made.columns == ITEM_FEATURES_TABLE.column_names
    return {(row["as_of"], row["item_id"]): row for row in made.collect()}


def test_windows_are_half_open(spark: SparkSession) -> None:
    found = _features(
        spark,
        [
            bought("u1", "a", at(12, 1), "100"),  # at as_of: not known
            bought("u1", "a", at(11, 30, 23, 59, 59), "1"),  # the last second before
            bought("u2", "a", at(11, 24), "2"),  # first day of 7 days
            bought("u2", "a", at(11, 23, 23, 59, 59), "4"),  # the day before it
            bought("u3", "a", at(11, 3), "8"),  # first day of 28 days
            bought("u3", "a", at(11, 2, 23, 59, 59), "16"),  # the day before it
            bought("u4", "a", at(9, 2), "32"),  # first day of 90 days
            bought("u5", "a", at(9, 1, 23, 59, 59), "64"),  # the day before it
        ],
    )
    row = found[DAY, "a"]
    assert [row[f"purchases_count_{length}d"] for length in (7, 28, 90, 365)] == [2, 4, 6, 7]
    assert row["spend_sum_28d"] == 15.0  # 1 + 2 + 4 + 8
    assert row["price_mean_90d"] == 63 / 6  # 1 + 2 + 4 + 8 + 16 + 32
    assert row["buyers_count_90d"] == 4  # u1 u2 u3 u4
    assert row["days_since_last_purchase"] == 1.0


def test_discounts_and_exposures(spark: SparkSession) -> None:
    found = _features(
        spark,
        [
            bought("u", "a", at(11, 1), "3.00", "1.00"),
            bought("u", "a", at(11, 1), "6.00"),
            shown("u", "a", at(11, 3)),
            shown("u", "a", at(11, 2)),  # one day too old
            shown("u", "b", at(11, 30)),
        ],
    )
    assert found[DAY, "a"]["discount_share_90d"] == pytest.approx(0.1)  # 1 of 3 + 1 + 6
    assert found[DAY, "a"]["exposures_count_28d"] == 10.0
    assert found[DAY, "b"]["exposures_count_28d"] == 10.0
    assert found[DAY, "b"]["days_since_last_purchase"] == 9999.0  # shown, never bought


def test_an_item_without_events_has_the_declared_defaults(spark: SparkSession) -> None:
    row = _features(spark, [])[DAY, "c"]
    assert (row["purchases_count_365d"], row["price_mean_90d"], row["discount_share_90d"]) == (0, 0.0, 0.0)
    assert (row["days_since_last_purchase"], row["brand"], row["segment"]) == (9999.0, "", "cold")
    assert len(row["text_hash"]) == 64


def test_eligibility_and_segments(spark: SparkSession) -> None:
    found = _features(
        spark,
        [bought("u", "gone", at(11, 1)), *(bought("u", "top", at(11, 1)) for _ in range(9))],
        top=(at(1, 1), None, 3),
        gone=(at(1, 1), at(12, 1), None),  # withdrawn at as_of
        last=(at(1, 1), at(12, 1, 0, 0, 1), None),  # withdrawn a second later
        sold_out=(at(1, 1), None, 0),
        new=(at(11, 30, 12), None, None),
        old=(at(1, 1), at(6, 1), None),
        tomorrow=(at(12, 1), None, None),  # listed at as_of: not known yet
    )
    shown_now = {item: (row["is_eligible"], row["segment"]) for (_, item), row in found.items()}
    assert shown_now == {
        "top": (True, "head"),
        "gone": (False, "tail"),
        "last": (True, "cold"),
        "sold_out": (False, "cold"),
        "new": (True, "cold"),
        "old": (False, ""),
    }
    assert found[DAY, "new"]["days_since_listed"] == 0.5


def test_a_date_is_the_same_alone_and_with_others(spark: SparkSession) -> None:
    rows = [
        bought("u1", "a", at(10, 2), "1.10", "0.10"),
        bought("u2", "a", at(11, 2), "2.20"),
        bought("u1", "b", at(11, 20), "3.30"),
        bought("u1", "b", at(12, 1), "9"),
    ]
    days = (date(2017, 10, 3), date(2017, 11, 3), DAY)
    together = _features(spark, rows, *days)
    for day in days:
        before = [row for row in rows if row[3].date() < day]
        assert _features(spark, before, day) == {key: row for key, row in together.items() if key[0] == day}
