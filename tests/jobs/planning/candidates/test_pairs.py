"""What the plan counts a pair for, by Spark and in memory."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.config.configuration import load_config
from jobs.planning.candidates.pairs import counted_in_memory, counted_response
from tests.conftest import ROOT

ROWS = [
    (0.2, 0.1, {"purchase": 0.2, "click": 0.9}),
    (0.2, -0.9, {"click": 0.9, "purchase": 0.2}),
    (0.3, None, None),
    (0.4, 0.4, {"purchase": 0.4}),
]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        # Half of f and half of its effect, at least 0; f where the effect is not known.
        (
            ["plan.objective=uplift", "plan.uplift_weight=0.5", "uplift.alternatives=20", "plan.exploration_slots=1"],
            [0.15, 0.0, 0.3, 0.4],
        ),
        # .5 for a purchase and .1 for a click; the purchase alone where not every chance is known.
        (["relevance.values={purchase: 0.5, click: 0.1}"], [0.19, 0.19, 0.15, 0.2]),
    ],
)
def test_a_row_counts_the_same_by_spark_and_in_memory(
    spark: SparkSession, keys: list[str], expected: list[float]
) -> None:
    conf = load_config(ROOT / "conf/local.yaml", keys)
    rows = spark.createDataFrame(ROWS, "relevance double, uplift double, chances map<string, double>")
    by_spark: list[Any] = [row.counted for row in rows.select(counted_response(conf).alias("counted")).collect()]
    assert by_spark == pytest.approx(expected)
    assert counted_in_memory(conf, rows.toPandas()).tolist() == pytest.approx(expected)
