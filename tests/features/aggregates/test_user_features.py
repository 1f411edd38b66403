"""user_features and user_history on a few events around the edges."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from features.aggregates.daily import daily_pair, daily_user
from features.aggregates.history import user_history
from features.aggregates.user_features import user_features, user_rows
from features.declarations import USER_FEATURES_TABLE
from tests.features.aggregates.frames import Event, as_table, at, bought, events, features_of, items, shown, users

DAY = date(2017, 12, 1)


def _features(spark: SparkSession, rows: list[Event], *days: date) -> dict[tuple[date, str], Row]:
    log, dates = events(spark, rows), days or (DAY,)
    pairs = as_table(daily_pair(log))
    sold = items(spark, [(item, at(1, 1), None, None) for item in "abcd"]).withColumn(
        "category", F.when(F.col("item_id") == "a", "tea").otherwise("salt")
    )
    known = users(spark, ("u", at(1, 1)), ("quiet", at(1, 1)), ("late", at(12, 1)))
    known = known.withColumn("attributes", F.create_map(*map(F.lit, ("income", "low", "age", "35-44"))))
    own = user_rows(known, as_table(daily_user(pairs, log)), pairs, searches(spark), dates)
    features = user_features(own, pairs, as_table(features_of(spark, rows, sold, dates)), dates)
    assert features.columns == USER_FEATURES_TABLE.column_names
    return {(row["as_of"], row["user_id"]): row for row in features.collect()}


def searches(spark: SparkSession) -> DataFrame:
    """Searches of u: two of an owl, one of a hat, one too old and one not before DAY."""
    rows = [
        ("u", "owl", at(11, 20), date(2017, 11, 20)),
        ("u", " Owl", at(11, 29), date(2017, 11, 29)),
        ("u", "hat", at(10, 1), date(2017, 11, 3)),  # of a visitor who was identified on the 3rd
        ("u", "old", at(11, 2), date(2017, 11, 2)),
        ("u", "now", at(12, 1), date(2017, 12, 1)),
    ]
    return spark.createDataFrame(rows, "user_id string, query string, search_time timestamp, known_date date")


@pytest.fixture(scope="module")
def without_events(spark: SparkSession) -> dict[tuple[date, str], Row]:
    return _features(spark, [])


def test_searches_of_a_shopper(without_events: dict[tuple[date, str], Row]) -> None:
    row, quiet = without_events[DAY, "u"], without_events[DAY, "quiet"]
    assert (row["searches_count_28d"], row["searches_queries_28d"]) == (3, ["owl", "hat"])
    assert (quiet["searches_count_28d"], quiet["searches_queries_28d"]) == (0, [])


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
    assert (row["attribute_names"], row["attribute_values"]) == (["age", "income"], ["35-44", "low"])
    assert (row["items_count_28d"], row["items_count_90d"]) == (2, 2)  # a and b
    assert (row["novelty_share_28d"], row["repeat_share_90d"]) == (1 / 2, 1 / 2)  # b is new; a came on three days
    assert row["visit_gap_mean_life"] == 90 / 3  # four days with a purchase in 90
    assert row["basket_spend_mean_90d"] == 15 / 3
    assert (row["stores_count_90d"], row["store_favourite_90d"]) == (1, "s1")
    assert (row["top_categories_names_90d"], row["top_categories_shares_90d"]) == (["tea", "salt"], [3 / 4, 1 / 4])
    assert (row["categories_count_90d"], row["brands_count_90d"], row["top_brands_names_90d"]) == (2, 0, [])
    # 2017-11-30 and 11-02 are Thursdays, 11-03 is a Friday; the 30th at 0 and 5 h, the 2nd at 23 h.
    assert row["weekday_shares_90d"] == [0, 0, 0, 3 / 4, 1 / 4, 0, 0]
    assert (row["night_share_90d"], row["evening_share_90d"]) == (3 / 4, 1 / 4)
    # In 90 days: a three lines for 13, b one for 2, each alone in its category: the middle.
    assert row["price_percentile_mean_90d"] == 0.5


def test_views_and_what_is_left_in_the_cart(spark: SparkSession) -> None:
    def put(item: str, day: int) -> Event:
        return ("u", item, "cart", at(11, day), 1, "0", None)

    def viewed(day: int) -> Event:
        return ("u", "d", "view", at(11, day), 0, "0", None)

    features = _features(
        spark,
        [put("a", 20), bought("u", "a", at(11, 20, 9)),  # bought on the day
         put("b", 20), bought("u", "b", at(11, 19)),  # put again after the purchase
         put("c", 3), put("d", 2),  # d: one day too long ago
         viewed(2), viewed(3), viewed(24), viewed(24)],
    )  # fmt: skip
    row = features[DAY, "u"]
    assert (row["left_in_cart_count_28d"], row["carts_count_28d"]) == (2, 3.0)  # b and c
    assert (row["views_count_7d"], row["views_count_28d"], row["days_since_last_view"]) == (2.0, 3.0, 7.0)
    # Of three views in 28 days all are of d, whose category is salt and which never sold: it has no price.
    assert (row["browsed_categories_names_28d"], row["browsed_categories_shares_28d"]) == (["salt"], [1.0])
    assert (row["browsed_brands_names_28d"], row["browsed_price_percentile_mean_28d"]) == ([], 0.5)
    quiet = features[DAY, "quiet"]
    assert (quiet["left_in_cart_count_28d"], quiet["days_since_last_view"], quiet["views_count_28d"]) == (
        0,
        9999.0,
        0.0,
    )


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


def test_a_shopper_without_events_has_the_declared_defaults(without_events: dict[tuple[date, str], Row]) -> None:
    assert set(without_events) == {(DAY, "u"), (DAY, "quiet")}
    row = without_events[DAY, "quiet"]
    assert (row["purchases_count_life"], row["items_count_life"], row["tail_share_90d"]) == (0, 0, 0.0)
    assert (row["days_since_last_purchase"], row["visit_probability"]) == (9999.0, pytest.approx(1 / 30))


def test_history_is_newest_first_and_cut(spark: SparkSession) -> None:
    log = events(
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
        return {row["user_id"]: row for row in user_history(log, known, (DAY,), length, 10).collect()}

    assert history(5)["u"]["item_ids"] == ["c", "b"]  # a is older than 10 days, now is not before as_of
    assert history(5)["u"]["days_ago"] == [0.5, 10.0]
    assert history(5)["u"]["event_types"] == ["purchase", "purchase"]
    assert history(1)["u"]["item_ids"] == ["c"]
    assert history(5)["quiet"]["item_ids"] == []


def test_history_of_several_dates(spark: SparkSession) -> None:
    log = events(spark, [bought("u", "a", at(11, 1)), bought("u", "b", at(11, 15))])
    dates = (date(2017, 11, 1), date(2017, 11, 2), DAY)
    history = user_history(log, users(spark, ("u", at(1, 1))), dates, 9, 365).collect()
    assert {row["as_of"]: row["item_ids"] for row in history} == {
        date(2017, 11, 1): [],
        date(2017, 11, 2): ["a"],
        DAY: ["b", "a"],
    }
