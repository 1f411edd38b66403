"""The weight of an exposure by its position."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from features.delivery.attention import with_attention


def test_positions_without_a_weight(spark: SparkSession) -> None:
    places = [1, 2, 3, 9, None]
    rows = spark.createDataFrame([(n, place) for n, place in enumerate(places)], "n int, position int")
    weighted = with_attention(rows, [1.0, 0.6, 0.2]).orderBy("n").collect()
    # beyond the last weight it is the last; without a position it is the mean
    assert [row["attention"] for row in weighted] == pytest.approx([1.0, 0.6, 0.2, 0.2, 0.6])
