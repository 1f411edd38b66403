"""Strata of exposures: like relevance, boost and level of the shopper's candidates."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.sql import SparkSession

from features.delivery.strata import shopper_levels, with_stratum

NIGHT = "2024-05-01"


def test_pairs_of_like_relevance_are_one_stratum_unless_boosts_or_shoppers_differ(spark: SparkSession) -> None:
    relevance = [
        ("u", "a", 0.1),
        ("u", "b", 0.001),
        ("v", "a", 0.1),
        ("v", "b", 0.001),
        ("w", "a", 0.1),
        ("w", "b", 0.1),
    ]
    levels = shopper_levels(
        spark.createDataFrame(
            [(NIGHT, *row) for row in relevance], "as_of string, user_id string, item_id string, relevance double"
        )
    )
    assert {row["user_id"]: row["level"] for row in levels.collect()} == pytest.approx(
        {"u": np.log(0.01), "v": np.log(0.01), "w": np.log(0.1)}, abs=1e-6
    )
    entries = [("u", "a", 0.1, 0.1), ("v", "a", 0.101, 0.101), ("v", "b", 0.101, 0.2), ("w", "a", 0.1, 0.1)]
    lists = spark.createDataFrame(
        [(NIGHT, "main", *row) for row in entries],
        "as_of string, policy string, user_id string, item_id string, relevance double, score double",
    )
    shown = [(NIGHT, "main", *row[:2]) for row in entries] + [(NIGHT, "main", "u", "z"), (NIGHT, "bold", "u", "a")]
    exposures = spark.createDataFrame(shown, "as_of string, policy string, user_id string, item_id string")
    rows = {tuple(row)[1:4]: tuple(row)[4:] for row in with_stratum(exposures, lists, levels).collect()}
    like, same = rows["main", "u", "a"], rows["main", "v", "a"]
    assert like[1:] == same[1:]
    assert (like[0], same[0]) == (0.1, 0.101)
    assert rows["main", "v", "b"][1] == like[1]  # the relevance
    assert rows["main", "v", "b"][2] > like[2]  # the boost
    assert rows["main", "w", "a"][1:3] == like[1:3]
    assert rows["main", "w", "a"][3] > like[3]  # the shopper's level
    assert rows["main", "u", "z"] == rows["bold", "u", "a"] == (None,) * 4  # in no list of the policy
