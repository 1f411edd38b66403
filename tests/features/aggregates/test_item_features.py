"""item_features on a few events around the edges of the windows."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from features.aggregates.item_features import promotion_features
from features.contract import PROMOTIONS
from features.declarations import ITEM_FEATURES_TABLE
from features.derived.catalogue import title_words
from tests.features.aggregates.frames import Event, at, bought, features_of, items, shown

DAY = date(2017, 12, 1)


def _features(spark: SparkSession, rows: list[Event], *days: date, **versions: tuple) -> dict[tuple[date, str], Row]:  # type: ignore[type-arg]
    listed = versions or {item: (at(1, 1), None, None) for item in "abc"}
    known = items(spark, [(item, *rest) for item, rest in listed.items()])
    features = features_of(spark, rows, known, days or (DAY,))
    assert features.columns == ITEM_FEATURES_TABLE.column_names
    return {(row["as_of"], row["item_id"]): row for row in features.collect()}


def test_windows_are_half_open(spark: SparkSession) -> None:
    features = _features(
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
    row = features[DAY, "a"]
    assert [row[f"purchases_count_{length}d"] for length in (7, 28, 90, 365)] == [2, 4, 6, 7]
    assert row["spend_sum_28d"] == 15.0  # 1 + 2 + 4 + 8
    assert row["price_mean_90d"] == 63 / 6  # 1 + 2 + 4 + 8 + 16 + 32
    assert (row["buyers_count_28d"], row["buyers_count_90d"], row["buyers_count_life"]) == (3, 4, 5)  # u1 u2 u3 …
    assert row["new_buyers_count_28d"] == 2  # u1 and u2; u3 had bought before
    assert row["repeat_share_90d"] == 2 / 4  # u1 and u3
    assert row["purchases_trend_28d"] == (4 + 1) / (1 + 1)  # of the 28 days before: the 2nd of November
    assert (row["days_since_first_purchase"], row["purchases_count_life"]) == (91.0, 7)
    assert row["days_since_last_purchase"] == 1.0


def test_a_trend_falls_where_nothing_was_bought_in_the_last_days(spark: SparkSession) -> None:
    bought_before = [bought(user, "a", at(10, 20)) for user in ("u1", "u2", "u3")]
    features = _features(spark, [*bought_before, bought("u1", "b", at(11, 20)), bought("u1", "c", at(9, 1))])
    assert [features[DAY, item]["purchases_trend_28d"] for item in "abc"] == [1 / 4, 2.0, 1.0]


def test_discounts_and_exposures(spark: SparkSession) -> None:
    features = _features(
        spark,
        [
            bought("u", "a", at(11, 1), "3.00", "1.00"),
            bought("u", "a", at(11, 1), "6.00"),
            shown("u", "a", at(11, 3)),
            shown("u", "a", at(11, 2)),  # one day too old
            shown("u", "b", at(11, 30)),
        ],
    )
    assert features[DAY, "a"]["discount_share_90d"] == pytest.approx(0.1)  # 1 of 3 + 1 + 6
    assert features[DAY, "a"]["exposures_count_28d"] == 10.0
    assert features[DAY, "b"]["exposures_count_28d"] == 10.0
    assert features[DAY, "b"]["days_since_last_purchase"] == 9999.0  # shown, never bought
    assert features[DAY, "a"]["discounted_share_90d"] == 0.5


def test_response_shares_are_shrunk_to_the_share_of_all(spark: SparkSession) -> None:
    rows = [
        shown("u", "a", at(11, 3)),
        bought("u", "a", at(11, 3, 9)),  # responds to the exposure of its day
        shown("v", "a", at(11, 4)),
        bought("v", "a", at(11, 5)),  # a day late
        shown("w", "b", at(11, 6)),
        shown("w", "b", at(11, 7)),
    ]
    features = _features(spark, rows)
    # An exposure counts 10. Of all 40, 10 have a response: r = 1/4.
    assert features[DAY, "a"]["response_share_28d"] == pytest.approx((10 + 20 / 4) / (20 + 20))
    assert features[DAY, "b"]["response_share_28d"] == pytest.approx((0 + 20 / 4) / (20 + 20))
    assert features[DAY, "c"]["response_share_28d"] == pytest.approx(1 / 4)


def test_shares_from_view_to_return_are_shrunk_to_those_of_all(spark: SparkSession) -> None:
    def events_of(kind: str, item: str, times: int) -> list[Event]:
        return [("u", item, kind, at(11, 20, 0, number), 0, "0", None) for number in range(times)]

    rows = [*events_of("view", "a", 10), *events_of("cart", "a", 4), *events_of("purchase", "a", 3),
            *events_of("return", "a", 1), *events_of("view", "b", 30), *events_of("purchase", "c", 2),
            *events_of("favourite", "b", 2)]  # fmt: skip
    features = {item: row for (_, item), row in _features(spark, rows).items()}
    # All have 40 views; c was bought without one.
    assert features["a"]["view_cart_share_28d"] == pytest.approx((4 + 20 * 4 / 40) / (10 + 20))
    assert features["b"]["view_purchase_share_28d"] == pytest.approx((0 + 20 * 3 / 40) / (30 + 20))
    assert features["c"]["view_purchase_share_28d"] == pytest.approx(3 / 40)
    assert features["a"]["cart_purchase_share_28d"] == pytest.approx((3 + 20 * 3 / 4) / (4 + 20))
    assert features["a"]["return_share_90d"] == pytest.approx((1 + 20 * 1 / 5) / (3 + 20))
    assert (features["b"]["views_count_7d"], features["b"]["views_count_28d"]) == (0.0, 30.0)
    assert (features["b"]["favourites_count_28d"], features["b"]["favourites_count_life"]) == (2.0, 2.0)
    # Without a view or a cart there is no rate, and no purchase makes one.
    unseen = _features(spark, [bought("u", "a", at(11, 20))])[DAY, "a"]
    assert (unseen["view_purchase_share_28d"], unseen["cart_purchase_share_28d"]) == (0.0, 0.0)


def test_standing_among_all_and_in_the_category(spark: SparkSession) -> None:
    rows = [
        *(bought("u", "a", at(11, 4), "4") for _ in range(3)),  # a Saturday
        bought("u", "b", at(11, 6), "2"),
        bought("v", "c", at(11, 7), "6"),
    ]
    # a and b share a category with 4 lines for 14; c is in another; d is in none and never sold.
    listed = items(spark, [(item, at(1, 1), None, None) for item in "abcd"]).withColumn(
        "category", F.expr("CASE WHEN item_id IN ('a', 'b') THEN 'tea' WHEN item_id = 'c' THEN 'salt' END")
    )
    by_item = {row["item_id"]: row for row in features_of(spark, rows, listed, (DAY,)).collect()}
    assert [by_item[item]["popularity_rank_90d"] for item in "abcd"] == [1, 2, 2, 4]
    # Of four: a has 3 below it, b and c one below and two equal, d only itself.
    assert [by_item[item]["popularity_percentile_90d"] for item in "abcd"] == [3.5 / 4, 2 / 4, 2 / 4, 0.5 / 4]
    assert [by_item[item]["category_percentile_90d"] for item in "abcd"] == [1.5 / 2, 0.5 / 2, 0.5, 0.0]
    assert [by_item[item]["category_share_90d"] for item in "abcd"] == [3 / 4, 1 / 4, 1.0, 0.0]
    assert [by_item[item]["category_purchases_count_28d"] for item in "abcd"] == [4, 4, 1, 0]
    assert by_item["a"]["price_ratio_90d"] == pytest.approx(4 / (14 / 4))
    assert [by_item[item]["price_percentile_90d"] for item in "abcd"] == [1.5 / 2, 0.5 / 2, 0.5, 0.5]
    assert [by_item[item]["weekend_share_90d"] for item in "abcd"] == [1.0, 0.0, 0.0, 0.0]


def test_promotions_that_began_before_the_date(spark: SparkSession) -> None:
    rows = [
        ("a", "s1", "front", date(2017, 11, 27), date(2017, 12, 1)),  # covers the 30th
        ("a", "s2", "front", date(2017, 11, 3), date(2017, 11, 10)),
        ("a", "s2", "back", date(2017, 11, 2), None),  # a day too old
        ("b", "s1", "front", date(2017, 11, 20), date(2017, 11, 30)),  # ended before the 30th
        ("b", "s2", "front", date(2017, 12, 1), None),  # not known yet
    ]
    frame = spark.createDataFrame([(*row, None) for row in rows], PROMOTIONS.schema)
    promoted = promotion_features(frame, (DAY,)).collect()
    assert {row["item_id"]: tuple(row)[2:] for row in promoted} == {"a": (2, True, 4), "b": (1, False, 11)}


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Green TEA green 12 OZ teabags", ["green", "tea", "teabags"]),
        ("茶 绿茶叶", ["绿茶叶"]),
        ("", []),
        (" ".join(f"word{'abcdefghij'[n] * 3}" for n in range(10)), [f"word{'abcdefghij'[n] * 3}" for n in range(8)]),
    ],
)
def test_title_words(spark: SparkSession, title: str, expected: list[str]) -> None:
    (row,) = spark.range(1).select(title_words(F.lit(title)).alias("k")).collect()
    assert row["k"] == expected


def test_an_item_without_events_has_the_declared_defaults(spark: SparkSession) -> None:
    row = _features(spark, [])[DAY, "c"]
    assert (row["purchases_count_365d"], row["price_mean_90d"], row["discount_share_90d"]) == (0, 0.0, 0.0)
    assert (row["days_since_last_purchase"], row["brand"], row["segment"]) == (9999.0, "", "cold")
    assert len(row["text_hash"]) == 64


def test_eligibility_and_segments(spark: SparkSession) -> None:
    features = _features(
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
    shown_now = {item: (row["is_eligible"], row["segment"]) for (_, item), row in features.items()}
    assert shown_now == {
        "top": (True, "head"),
        "gone": (False, "tail"),
        "last": (True, "cold"),
        "sold_out": (False, "cold"),
        "new": (True, "cold"),
        "old": (False, ""),
    }
    assert features[DAY, "new"]["days_since_listed"] == 0.5


def test_segments_are_of_the_response_that_is_asked_for(spark: SparkSession) -> None:
    rows = [
        bought("u", "sold", at(11, 1)),
        *(("u", "viewed", "view", at(11, 2), 1, "0", None) for _ in range(9)),
        ("u", "sold", "view", at(11, 3), 1, "0", None),
    ]
    versions = items(spark, [(name, at(1, 1), None, None) for name in ("sold", "viewed", "unseen")])

    def segments(response: str) -> dict[str, str]:
        rows_of = features_of(spark, rows, versions, (DAY,), response=response).collect()
        return {row["item_id"]: row["segment"] for row in rows_of}

    assert segments("purchase") == {"sold": "head", "viewed": "cold", "unseen": "cold"}
    assert segments("view") == {"sold": "tail", "viewed": "head", "unseen": "cold"}


def test_a_date_is_the_same_alone_and_with_others(spark: SparkSession) -> None:
    rows = [
        bought("u1", "a", at(10, 2), "1.10", "0.10"),
        bought("u2", "a", at(11, 2), "2.20"),
        bought("u1", "b", at(11, 20), "3.30"),
        bought("u1", "b", at(12, 1), "9"),
    ]
    days = (date(2017, 10, 3), date(2017, 11, 3), DAY)
    together = _features(spark, rows, *days)
    day = days[1]  # events follow it
    before = [row for row in rows if row[3].date() < day]
    assert _features(spark, before, day) == {key: row for key, row in together.items() if key[0] == day}
