"""user_features and user_history on a few events around the edges."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import Row, SparkSession

from features.aggregates.daily import daily_item, daily_user
from features.aggregates.history import user_history
from features.aggregates.item_features import item_segments
from features.aggregates.user_features import user_features
from features.declarations import USER_FEATURES_TABLE
from tests.features.aggregates.frames import Event, at, bought, dates, events, shown, users

DAY = date(2017, 12, 1)


def _features(spark: SparkSession, rows: list[Event], *days: date) -> dict[tuple[date, str], Row]:
    made, asked = events(spark, rows), dates(spark, *(days or (DAY,)))
    segments = item_segments(daily_item(made), asked, 365, 0.8)
    purchases = made.where("event_type = 'purchase'")
    known = users(spark, ("u", at(1, 1)), ("quiet", at(1, 1)), ("late", at(12, 1)))
    found = user_features(known, daily_user(made), purchases, segments, asked)
    assert found.columns == USER_FEATURES_TABLE.column_names
    return {(row["as_of"], row["user_id"]): row for row in found.collect()}


def test_windows_of_a_shopper(spark: SparkSession) -> None:
    row = _features(
        spark,
        [
            bought("u", "a", at(12, 1), "100"),
            bought("u", "a", at(11, 30), "1", "1"),
            bought("u", "b", at(11, 30, 5), "2"),
            bought("u", "a", at(11, 3), "4"),
            bought("u", "a", at(11, 2, 23, 59, 59), "8"),
            bought("u", "c", at(9, 1), "16"),
            shown("u", "d", at(11, 29)),
        ],
    )[DAY, "u"]
    assert (row["purchases_count_28d"], row["purchases_count_90d"], row["purchases_count_life"]) == (3, 4, 5)
    assert (row["baskets_count_28d"], row["visit_days_28d"]) == (2, 2)  # the 30th and the 3rd; an exposure is no visit
    assert (row["spend_sum_28d"], row["spend_sum_life"]) == (7.0, 31.0)
    assert row["items_count_life"] == 3
    assert row["visit_probability"] == pytest.approx(3 / 30)
    assert row["discount_share_90d"] == pytest.approx(1 / 16)  # of 1 + 1 + 2 + 4 + 8
    assert row["days_since_last_purchase"] == 1.0
    assert row["consent_personalisation"] is True


def test_the_share_of_the_tail_counts_lines(spark: SparkSession) -> None:
    # 10 lines before: a 6, b 3, c 1. Head is a and b (before b 6 < 8, before c 9): the tail is c.
    rows = [
        *(bought("x", "a", at(8, 1)) for _ in range(4)),
        bought("u", "a", at(11, 1)),
        bought("u", "a", at(11, 2)),
        *(bought("u", "b", at(11, 3)) for _ in range(1)),
        *(bought("x", "b", at(11, 3)) for _ in range(2)),
        bought("u", "c", at(11, 4)),
    ]
    assert _features(spark, rows)[DAY, "u"]["tail_share_90d"] == pytest.approx(1 / 4)


def test_a_shopper_without_events_has_the_declared_defaults(spark: SparkSession) -> None:
    found = _features(spark, [])
    assert set(found) == {(DAY, "u"), (DAY, "quiet")}
    row = found[DAY, "quiet"]
    assert (row["purchases_count_life"], row["items_count_life"], row["tail_share_90d"]) == (0, 0, 0.0)
    assert (row["days_since_last_purchase"], row["visit_probability"]) == (9999.0, pytest.approx(1 / 30))


def test_history_is_newest_first_and_cut(spark: SparkSession) -> None:
    made = events(
        spark,
        [
            bought("u", "now", at(12, 1)),
            bought("u", "c", at(11, 30, 12)),
            bought("u", "b", at(11, 21)),
            shown("u", "seen", at(11, 25)),
            bought("u", "a", at(11, 20, 23, 59, 59)),
        ],
    )
    known = users(spark, ("u", at(1, 1)), ("quiet", at(1, 1)))

    def history(length: int) -> dict[str, Row]:
        return {row["user_id"]: row for row in user_history(made, known, dates(spark, DAY), length, 10).collect()}

    assert history(5)["u"]["item_ids"] == ["c", "b"]  # a is older than 10 days, now is not before as_of
    assert history(5)["u"]["days_ago"] == [0.5, 10.0]
    assert history(5)["u"]["event_types"] == ["purchase", "purchase"]
    assert history(1)["u"]["item_ids"] == ["c"]
    assert history(5)["quiet"]["item_ids"] == []


def test_history_of_several_dates(spark: SparkSession) -> None:
    made = events(spark, [bought("u", "a", at(11, 1)), bought("u", "b", at(11, 15))])
    asked = dates(spark, date(2017, 11, 1), date(2017, 11, 2), DAY)
    found = user_history(made, users(spark, ("u", at(1, 1))), asked, 9, 365).collect()
    assert {row["as_of"]: row["item_ids"] for row in found} == {
        date(2017, 11, 1): [],
        date(2017, 11, 2): ["a"],
        DAY: ["b", "a"],
    }
