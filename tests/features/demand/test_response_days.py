"""The items that shoppers responded to by day, by hand."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import SparkSession

from features.contract.responses import DAILY_COUNT, met_by
from features.demand.response_days import response_days

#       day user item views purchases
PAIRS = [
    (1, "u", "a", 2.0, 0), (3, "u", "a", 1.0, 0),  # again
    (3, "u", "b", 1.0, 1),
    (2, "u", "c", 0.0, 1), (4, "u", "c", 1.0, 0),  # viewed after it was bought
    (3, "v", "a", 1.0, 0), (3, "v", "b", 0.0, 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("only_new", "expected"),
    [
        (True, {(1, "u"): 1, (3, "u"): 1, (3, "v"): 1}),
        (False, {(1, "u"): 1, (3, "u"): 2, (4, "u"): 1, (3, "v"): 1}),
    ],
)
def test_an_item_counts_on_its_days(spark: SparkSession, only_new: bool, expected: dict[tuple[int, str], int]) -> None:
    rows = [(date(2024, 5, day), *rest) for day, *rest in PAIRS]
    pairs = spark.createDataFrame(
        rows, "day date, user_id string, item_id string, views_weight double, purchases_count long"
    )
    days = response_days(pairs, "view", only_new=only_new).collect()
    assert {(row["day"].day, row["user_id"]): row["responses"] for row in days} == expected


def test_a_purchase_makes_an_item_known_whatever_the_response() -> None:
    assert {response: met_by(response) for response in DAILY_COUNT} == {
        "purchase": ("purchase",), "cart": ("cart", "purchase"), "click": ("click", "purchase"),
        "view": ("view", "purchase"),
    }  # fmt: skip
