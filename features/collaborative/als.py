"""Factors of implicit ALS over purchases, or over what shoppers did by events of several types."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add

from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_LINES_A_BLOCK = 2_000_000
_MOST_BLOCKS = 512  # MLlib exchanges blocks of shoppers times blocks of items


def als_blocks(lines: int) -> int:
    """Into how many blocks ALS divides shoppers and items: from the purchase lines, the same for the same date."""
    return min(max(4, -(-lines // _LINES_A_BLOCK)), _MOST_BLOCKS)


def purchase_ratings(counts: DataFrame) -> DataFrame:
    """user_row, item_row, rating float: log(1 + count) of each pair.

    counts: user_row int, item_row int and count long, the purchases of a pair
    """
    return counts.select("user_row", "item_row", F.log1p("count").cast("float").alias("rating"))


def event_ratings(lines: DataFrame, purchase: str, weights: Mapping[str, float]) -> DataFrame:
    """user_row, item_row, rating float: the interest of each pair, where it is above 0.

    log(1 + purchases) + log 2 * the sum over other types of weight * 2 n / (n + 1), as `EventWeights.interest` defines
    it: any number of events of a type counts less than two.

    lines: user_row, item_row and signal, one row an event; purchase: the signal of purchases
    weights: of the other signals; negative ones lower the rating
    """
    counts = {name: F.count_if(F.col("signal") == name) for name in (purchase, *sorted(weights))}
    of_pair = lines.groupBy("user_row", "item_row").agg(*(count.alias(name) for name, count in counts.items()))
    others = [F.log(F.lit(2.0)) * weights[n] * 2.0 * F.col(n) / (F.col(n) + 1.0) for n in sorted(weights)]
    rating = reduce(add, others, F.log1p(F.col(purchase))).cast("float")
    return of_pair.select("user_row", "item_row", rating.alias("rating")).where("rating > 0")


def als_factors(
    ratings: DataFrame, *, blocks: int, factors: int, iterations: int, regularisation: float, alpha: float, seed: int
) -> tuple[DataFrame, DataFrame]:
    """Factors of shoppers and items: two frames (row int, factors array<float>).

    `ratings` has user_row int, item_row int and rating float, one row a pair. Preference is 1, confidence 1 + alpha
    times the rating (Hu, Koren, Volinsky 2008, in MLlib's form). The input is sorted within fixed partitions, since
    sums of floats depend on their order and a repeated night must result in the same factors: they depend on `blocks`,
    not on partitions or executors.
    """
    in_order = ratings.repartition(blocks, "user_row").sortWithinPartitions("user_row", "item_row")
    model = ALS(
        rank=factors, maxIter=iterations, regParam=regularisation, alpha=alpha, implicitPrefs=True, seed=seed,
        numUserBlocks=blocks, numItemBlocks=blocks, userCol="user_row", itemCol="item_row", ratingCol="rating",
    ).fit(in_order)  # fmt: skip
    return (
        model.userFactors.select(F.col("id").alias("row"), F.col("features").alias("factors")),
        model.itemFactors.select(F.col("id").alias("row"), F.col("features").alias("factors")),
    )
