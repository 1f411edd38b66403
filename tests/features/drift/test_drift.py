"""Drift of two small nights, by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from pyspark.sql import SparkSession

from features.drift.distance import categorical_stability_index, level_change
from features.drift.frames import embedding_shift, new_text_share, responses_by_category


def test_new_texts_count_once(spark: SparkSession) -> None:
    now = spark.createDataFrame([("a",), ("b",), ("b",), ("c",)], "text_hash string")
    earlier = spark.createDataFrame([("a",), ("a",), ("z",)], "text_hash string")
    assert new_text_share(now, earlier) == pytest.approx(2 / 3)
    assert new_text_share(now.limit(0), earlier) is None


def test_vectors_are_compared_within_one_encoder(spark: SparkSession) -> None:
    schema = "user_id string, encoder_version string, embedding array<float>"
    now = spark.createDataFrame([("u", "1", [1.0, 0.0]), ("v", "1", [0.6, 0.8]), ("w", "2", [1.0, 0.0])], schema)
    earlier = spark.createDataFrame([("u", "1", [1.0, 0.0]), ("v", "1", [0.0, 1.0]), ("w", "1", [0.0, 1.0])], schema)
    assert embedding_shift(now, earlier, "user_id") == pytest.approx((0.0 + 0.2) / 2, abs=1e-6)
    assert embedding_shift(now.where("user_id = 'w'"), earlier, "user_id") is None


def test_purchases_by_first_level(spark: SparkSession) -> None:
    items = spark.createDataFrame(
        [("a", "Food > Tea"), ("b", "Food"), ("c", "Home")], "item_id string, category string"
    )
    daily = spark.createDataFrame(
        [("a", 2), ("a", 1), ("b", 4), ("c", 3), ("unknown", 9)], "item_id string, purchases_count long"
    )
    assert sorted(map(tuple, responses_by_category(daily, items, "purchases_count").collect())) == [
        ("Food", 7.0),
        ("Home", 3.0),
    ]


def test_half_and_twice_as_much_have_the_same_distance() -> None:
    assert level_change(2.0, 1.0) == level_change(1.0, 2.0) == pytest.approx(log(2))
    assert level_change(5.0, 5.0) == 0.0
    assert level_change(0.0, 1.0) is level_change(1.0, 0.0) is None


@pytest.mark.parametrize(
    ("reference", "current", "index"),
    [
        ([50, 50], [50, 50], 0.0),
        ([50, 50], [75, 25], 0.25 * log(0.75 / 0.5) - 0.25 * log(0.25 / 0.5)),
        ([100, 0], [50, 50], (0.5 - 1.0) * log(0.5) + (0.5 - 0.005) * log(0.5 / 0.005)),  # empty: half a row
        ([0, 0], [1, 1], None),
        ([1, 1], [0, 0], None),
    ],
)
def test_index_over_categories(reference: list[float], current: list[float], index: float | None) -> None:
    value = categorical_stability_index(np.array(reference, dtype=float), np.array(current, dtype=float))
    assert value == (None if index is None else pytest.approx(index))
