from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import SparkSession

from features.purchase_rate import response_counts

NIGHT = date(2024, 3, 9)


@pytest.mark.parametrize(("only_new", "pairs"), [(True, 3), (False, 4)])
def test_visits_and_pairs_before_the_night(spark: SparkSession, only_new: bool, pairs: int) -> None:
    rows = [
        ("u1", "a", "purchase", date(2024, 3, 1)),
        ("u1", "a", "purchase", date(2024, 3, 1)),  # the same visit
        ("u1", "b", "purchase", date(2024, 3, 1)),
        ("u1", "a", "purchase", date(2024, 3, 4)),  # again
        ("u1", "head", "purchase", date(2024, 3, 5)),  # a visit, but no candidate
        ("u2", "a", "purchase", date(2024, 3, 8)),  # on the last day
        ("u2", "b", "purchase", NIGHT),  # not known yet
        ("u3", "b", "click", date(2024, 3, 1)),
    ]
    events = spark.createDataFrame(rows, "user_id string, item_id string, event_type string, event_date date")
    items = spark.createDataFrame([("a",), ("b",), ("c",)], "item_id string")
    counts = response_counts(events, items, NIGHT, only_new=only_new).first()
    assert counts is not None
    # u1 has 7 days after 1 March and before 9 March, u2 none after 8 March.
    assert counts.asDict() == {"shoppers": 2, "visits": 4, "days": 7, "pairs": pairs}
    clicks = response_counts(events, items, NIGHT, only_new=only_new, response="click").first()
    assert clicks is not None
    assert clicks.asDict() == {"shoppers": 1, "visits": 1, "days": 7, "pairs": 1}


def test_a_store_without_purchases_counts_nothing(spark: SparkSession) -> None:
    events = spark.createDataFrame([], "user_id string, item_id string, event_type string, event_date date")
    items = spark.createDataFrame([("a",)], "item_id string")
    counts = response_counts(events, items, NIGHT, only_new=True).first()
    assert counts is not None
    assert counts.asDict() == {"shoppers": 0, "visits": 0, "days": 0, "pairs": 0}
