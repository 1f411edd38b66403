"""Features of a shopper and an item, from what was before the date alone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pyspark.sql import SparkSession

from features.aggregates.daily import daily_pair
from features.aggregates.pair_features import PAIRS, pair_features, pairs_of_shoppers
from features.declarations import PAIR_FEATURES
from tests.features.aggregates.frames import Event, at, bought, events, returned, shown

DAY = date(2017, 12, 1)
NAMES = tuple(feature.name for feature in PAIR_FEATURES)


def event(kind: str, item: str, when: datetime, user: str = "u") -> Event:
    return (user, item, kind, when, 0, "0", None)


def _features(spark: SparkSession, rows: list[Event], day: date = DAY) -> dict[tuple[str, str], dict[str, Any]]:
    features = pair_features(daily_pair(events(spark, rows)), day, NAMES).collect()
    return {(row["user_id"], row["item_id"]): row.asDict() for row in features}


def test_windows_end_before_the_date_and_the_rest_has_the_default(spark: SparkSession) -> None:
    rows = [
        event("view", "a", at(12, 1)),  # at the date: not known
        event("view", "a", at(11, 30, 23, 59, 59)),
        event("view", "a", at(11, 3)),
        event("view", "a", at(11, 2)),  # before the 28 days
        event("cart", "b", at(9, 2)),  # the first of 90 days
        event("cart", "c", at(9, 1)),
        event("favourite", "b", at(9, 5)),
        event("click", "b", at(11, 29)),
        returned("v", "a", at(11, 20)),
        bought("v", "d", at(11, 20)),
    ]
    features = _features(spark, rows)
    assert set(features) == {("u", "a"), ("u", "b"), ("v", "a"), ("v", "d")}
    none = {feature.name: feature.default for feature in PAIR_FEATURES}
    assert features["u", "a"] == none | {
        "user_id": "u", "item_id": "a", "pair_views_count_28d": 2.0, "days_since_pair_view": 1.0,
    }  # fmt: skip
    assert features["u", "b"] == none | {
        "user_id": "u", "item_id": "b", "days_since_pair_cart": 90.0, "pair_favourites_count_90d": 1.0,
        "pair_clicks_count_28d": 1.0,
    }  # fmt: skip
    assert features["v", "a"] == none | {"user_id": "v", "item_id": "a", "pair_returns_count_90d": 1}
    earlier = _features(spark, rows, date(2017, 11, 30))
    assert earlier["u", "a"]["pair_views_count_28d"] == 2.0  # of the 3rd and the 2nd
    assert earlier == _features(spark, [row for row in rows if row[3] < at(11, 30)], date(2017, 11, 30))


def test_fatigue_counts_the_exposures_of_days_without_an_answer(spark: SparkSession) -> None:
    rows = [
        shown("u", "a", at(11, 28)),
        shown("u", "a", at(11, 28, 9)),
        shown("u", "a", at(11, 29)),
        event("click", "a", at(11, 29, 10)),
        shown("u", "a", at(11, 2)),  # before the 28 days
        shown("u", "b", at(11, 27)),
        event("view", "a", at(11, 27)),
    ]
    features = _features(spark, rows)
    # An exposure counts 10.
    assert features["u", "a"]["pair_unanswered_count_28d"] == 20.0
    assert features["u", "b"]["pair_unanswered_count_28d"] == 10.0
    [row] = pairs_of_shoppers(daily_pair(events(spark, rows)), DAY, ("pair_views_count_28d",)).collect()
    assert [tuple(pair) for pair in row[PAIRS]] == [("a", 1.0)]  # a pair without a view is left out
