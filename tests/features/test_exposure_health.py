"""Figures of what a plan gave, on lists small enough to count by hand."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from features.exposure_health import exposure_gini, list_health

#       item    segment  allocated
ITEMS = [("a", "tail", 1.0), ("b", "tail", 3.0), ("c", "cold", 0.0)]
#         user   item  relevance
SCORES = [("u", "a", 0.2), ("u", "b", 0.4), ("v", "b", 0.6)]


def test_figures_by_segment_and_for_all(spark: SparkSession) -> None:
    items = spark.createDataFrame(ITEMS, "item_id string, segment string, allocated double")
    scores = spark.createDataFrame(SCORES, "user_id string, item_id string, relevance double")
    found = {(row["segment"], row["name"]): row["value"] for row in list_health(scores, items).collect()}
    assert found == pytest.approx(
        {
            ("tail", "lists_count"): 2, ("tail", "entries_count"): 3, ("tail", "items_shown_count"): 2,
            ("tail", "relevance_mean"): 0.4, ("tail", "items_eligible_count"): 2, ("tail", "exposure_allocated_sum"): 4,
            ("cold", "items_eligible_count"): 1, ("cold", "exposure_allocated_sum"): 0,
            ("all", "lists_count"): 2, ("all", "entries_count"): 3, ("all", "items_shown_count"): 2,
            ("all", "relevance_mean"): 0.4, ("all", "items_eligible_count"): 3, ("all", "exposure_allocated_sum"): 4,
            # 0, 1, 3 in order: 2 (1*0 + 2*1 + 3*3) / (3 * 4) - 4/3
            ("all", "exposure_gini"): 22 / 12 - 4 / 3,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("allocated", "gini"),
    [
        ([2.0, 2.0, 2.0, 2.0], 0.0),  # even; ties
        ([0.0, 0.0, 0.0, 5.0], 0.75),  # one has all: (n - 1) / n
        ([0.0, 0.0], 0.0),  # nothing was allocated
        ([], 0.0),
    ],
)
def test_gini(spark: SparkSession, allocated: list[float], gini: float) -> None:
    items = spark.createDataFrame([(value,) for value in allocated], "allocated double")
    [row] = exposure_gini(items).collect()
    assert row["value"] == pytest.approx(gini)
