"""Entries of lists that are small enough to count by hand."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from features.health.lists import listed_items, lists_count

#         user item rank relevance
SCORES = [("u", "a", 1, 0.2), ("u", "b", 2, 0.4), ("v", "b", 1, 0.6)]
VISITS = [("u", 3.0), ("v", 0.5)]
SEGMENTS = [("a", "tail"), ("b", "cold"), ("c", "head")]


def test_items_in_lists_and_the_shoppers_who_have_one(spark: SparkSession) -> None:
    scores = spark.createDataFrame(SCORES, "user_id string, item_id string, rank int, relevance double")
    visits = spark.createDataFrame(VISITS, "user_id string, visits double")
    listed = listed_items(scores, visits, (1.0, 0.5)).orderBy("item_id").collect()
    # of u: 3 * 1 * .2 of a, 3 * .5 * .4 of b; of v: .5 * 1 * .6 of b
    assert [tuple(row) for row in listed] == [("a", 1, 0.2, pytest.approx(0.6)), ("b", 2, 1.0, pytest.approx(0.9))]
    segments = spark.createDataFrame(SEGMENTS, "item_id string, segment string")
    assert sorted(lists_count(scores, segments)) == [
        ("lists_count", "all", 2), ("lists_count", "cold", 2), ("lists_count", "tail", 1),
    ]  # fmt: skip
