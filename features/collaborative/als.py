"""Factors of implicit ALS over purchases."""

from __future__ import annotations

from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def als_factors(
    purchases: DataFrame, *, factors: int, iterations: int, regularisation: float, alpha: float, seed: int
) -> tuple[DataFrame, DataFrame]:
    """Factors of shoppers and items: two frames (row int, factors array<float>).

    `purchases` has user_row int, item_row int and count long, one row a pair. Preference is log(1 + count), confidence
    1 + alpha times it (Hu, Koren, Volinsky 2008, in MLlib's form). The input is sorted within fixed partitions, since
    sums of floats depend on their order and a repeated night must result in the same factors.
    """
    ratings = (
        purchases.select("user_row", "item_row", F.log1p("count").cast("float").alias("rating"))
        .repartition(4, "user_row")
        .sortWithinPartitions("user_row", "item_row")
    )
    model = ALS(
        rank=factors, maxIter=iterations, regParam=regularisation, alpha=alpha, implicitPrefs=True, seed=seed,
        numUserBlocks=4, numItemBlocks=4, userCol="user_row", itemCol="item_row", ratingCol="rating",
    ).fit(ratings)  # fmt: skip
    return (
        model.userFactors.select(F.col("id").alias("row"), F.col("features").alias("factors")),
        model.itemFactors.select(F.col("id").alias("row"), F.col("features").alias("factors")),
    )
