"""Factors of implicit ALS over purchases."""

from __future__ import annotations

from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_LINES_A_BLOCK = 2_000_000
_MOST_BLOCKS = 512  # MLlib exchanges blocks of shoppers times blocks of items


def als_blocks(lines: int) -> int:
    """Into how many blocks ALS divides shoppers and items: from the purchase lines, the same for the same date."""
    return min(max(4, -(-lines // _LINES_A_BLOCK)), _MOST_BLOCKS)


def als_factors(
    purchases: DataFrame, *, blocks: int, factors: int, iterations: int, regularisation: float, alpha: float, seed: int
) -> tuple[DataFrame, DataFrame]:
    """Factors of shoppers and items: two frames (row int, factors array<float>).

    `purchases` has user_row int, item_row int and count long, one row a pair. Preference is log(1 + count), confidence
    1 + alpha times it (Hu, Koren, Volinsky 2008, in MLlib's form). The input is sorted within fixed partitions, since
    sums of floats depend on their order and a repeated night must result in the same factors: they depend on `blocks`,
    not on partitions or executors.
    """
    ratings = (
        purchases.select("user_row", "item_row", F.log1p("count").cast("float").alias("rating"))
        .repartition(blocks, "user_row")
        .sortWithinPartitions("user_row", "item_row")
    )
    model = ALS(
        rank=factors, maxIter=iterations, regParam=regularisation, alpha=alpha, implicitPrefs=True, seed=seed,
        numUserBlocks=blocks, numItemBlocks=blocks, userCol="user_row", itemCol="item_row", ratingCol="rating",
    ).fit(ratings)  # fmt: skip
    return (
        model.userFactors.select(F.col("id").alias("row"), F.col("features").alias("factors")),
        model.itemFactors.select(F.col("id").alias("row"), F.col("features").alias("factors")),
    )
