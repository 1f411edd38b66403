"""Head and tail on counts small enough to add up by hand."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import SparkSession

from features.segments import with_segment

DAY = date(2017, 12, 1)


def _segments(spark: SparkSession, counts: dict[str, int], share: float = 0.8) -> dict[str, str]:
    rows = [(DAY, item, count) for item, count in counts.items()]
    met = spark.createDataFrame(rows, "as_of date, item_id string, responses long")
    return {row["item_id"]: row["segment"] for row in with_segment(met, share).collect()}


@pytest.mark.parametrize(
    ("counts", "head"),
    [
        # 10 in all; before a 0 < 8, before b 5 < 8, before c 8 is not < 8.
        ({"a": 5, "b": 3, "c": 2}, {"a", "b"}),
        # Before c 7 < 8: c is needed to hold 80 %, d is not.
        ({"a": 4, "b": 3, "c": 2, "d": 1}, {"a", "b", "c"}),
        # Five of 2: before the items 0, 2, 4, 6, 8 of 10. Ties go by item_id, so e is the one left.
        ({"e": 2, "d": 2, "c": 2, "b": 2, "a": 2}, {"a", "b", "c", "d"}),
        # "10" < "9" as text: ids are strings.
        ({"9": 1, "10": 1}, {"9", "10"}),
        ({"a": 1}, {"a"}),
        ({}, set()),
    ],
)
def test_head_is_the_smallest_set_that_holds_the_share(
    spark: SparkSession, counts: dict[str, int], head: set[str]
) -> None:
    segments = _segments(spark, counts)
    assert {item for item, segment in segments.items() if segment == "head"} == head
    assert {item for item, segment in segments.items() if segment == "tail"} == set(counts) - head


def test_dates_are_cut_apart(spark: SparkSession) -> None:
    rows = [(date(2017, 11, 1), "a", 9), (date(2017, 11, 1), "b", 1), (DAY, "a", 1), (DAY, "b", 9)]
    met = spark.createDataFrame(rows, "as_of date, item_id string, responses long")
    segments = {(row["as_of"], row["item_id"]): row["segment"] for row in with_segment(met, 0.8).collect()}
    assert segments == {
        (date(2017, 11, 1), "a"): "head",
        (date(2017, 11, 1), "b"): "tail",
        (DAY, "a"): "tail",
        (DAY, "b"): "head",
    }
