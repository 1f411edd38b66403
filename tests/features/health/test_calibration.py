"""Predicted and observed responses of an earlier night."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from features.health.calibration import calibration_health


def test_a_pair_counts_once_however_often_it_responds(spark: SparkSession) -> None:
    scored = spark.createDataFrame(
        [("u", "a", 0.2), ("v", "a", 0.4), ("u", "c", 0.1), ("u", "unplanned", 0.9)],
        "user_id string, item_id string, relevance double",
    )
    segments = spark.createDataFrame([("a", "tail"), ("c", "cold")], "item_id string, segment string")
    responses = spark.createDataFrame([("u", "a"), ("u", "a"), ("w", "a")], "user_id string, item_id string")
    figures = {(name, segment): value for name, segment, value in calibration_health(scored, segments, responses)}
    assert figures == pytest.approx(
        {
            ("calibration_predicted_mean", "tail"): 0.3, ("calibration_observed_share", "tail"): 0.5,
            ("calibration_pairs_count", "tail"): 2,
            ("calibration_predicted_mean", "cold"): 0.1, ("calibration_observed_share", "cold"): 0.0,
            ("calibration_pairs_count", "cold"): 1,
            ("calibration_predicted_mean", "all"): 0.7 / 3, ("calibration_observed_share", "all"): 1 / 3,
            ("calibration_pairs_count", "all"): 3,
        }
    )  # fmt: skip
