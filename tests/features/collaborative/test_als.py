"""Factors that do not depend on how Spark divides the work."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.sql import SparkSession

from features.collaborative.als import als_blocks, als_factors, purchase_ratings


@pytest.mark.parametrize(
    ("lines", "blocks"),
    [(0, 4), (1_500_000, 4), (8_000_000, 4), (8_000_001, 5), (200_000_000, 100), (2_000_000_000, 512)],
)
def test_the_number_of_blocks_follows_from_the_number_of_lines(lines: int, blocks: int) -> None:
    assert als_blocks(lines) == blocks


def test_partitions_change_no_factor(spark: SparkSession) -> None:
    draw = np.random.default_rng(3)
    pairs = sorted({(int(user), int(item)) for user, item in draw.integers(0, (40, 15), size=(300, 2))})
    frame = spark.createDataFrame(
        [(*pair, 1 + sum(pair) % 3) for pair in pairs], "user_row int, item_row int, count long"
    )
    results = []
    for partitions in (1, 5):
        spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
        try:
            both = als_factors(
                purchase_ratings(frame.repartition(partitions)),
                blocks=6,
                factors=4,
                iterations=2,
                regularisation=0.1,
                alpha=10.0,
                seed=1,
            )
            results.append([factors.orderBy("row").collect() for factors in both])
        finally:
            spark.conf.set("spark.sql.shuffle.partitions", "2")
    assert results[0] == results[1]
    assert [len(factors) for factors in results[0]] == [len({pair[side] for pair in pairs}) for side in (0, 1)]
