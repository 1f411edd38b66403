"""Demand of items with few sales: each item's own rate, shrunk to that of its category."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.demand.weekly import TRAINING_WEEKS

_FEWEST_ITEMS = 20  # of a category with its own prior


def pooled_rate(sales: DataFrame, newest: int, name: str) -> DataFrame:
    """Adds the column `name`: expected purchase lines a week, from the training weeks from week `newest` on.

    Gamma-Poisson empirical Bayes: the weekly rates of the items of a category are Gamma with shape a and rate b, fitted
    by moments (Var n = T m + T^2 v for n lines in T weeks, a = m^2/v, b = m/v); the posterior mean of an item with n
    lines is (a + n) / (b + T) (Robbins 1955 for the idea). A category with fewer than 20 items has the prior of all.
    sales: as_of, category, weeks.
    """
    lines = F.aggregate(
        F.slice("weeks", newest + 1, TRAINING_WEEKS), F.lit(0).cast("long"), lambda total, week: total + week
    )
    counted = sales.withColumn("__lines", lines)
    of_category = (
        counted.where(F.col("category") != "")
        .groupBy("as_of", "category")
        .agg(*_moments("own"), F.count(F.lit(1)).alias("__items"))
        .where(F.col("__items") >= _FEWEST_ITEMS)
        .drop("__items")
    )
    of_all = counted.groupBy("as_of").agg(*_moments("all"))
    joined = counted.join(F.broadcast(of_all), on="as_of", how="left").join(
        F.broadcast(of_category), on=["as_of", "category"], how="left"
    )
    mean = F.coalesce("own_mean", "all_mean") / TRAINING_WEEKS
    square = F.coalesce("own_square", "all_square")
    # By moments; at least a hundredth of the mean, or equal counts would give a prior without variance.
    spread = (square - F.pow(mean * TRAINING_WEEKS, F.lit(2)) - mean * TRAINING_WEEKS) / TRAINING_WEEKS**2
    variance = F.greatest(spread, mean / 100)
    rate = F.when(mean > 0, (mean * mean / variance + F.col("__lines")) / (mean / variance + TRAINING_WEEKS)).otherwise(
        F.lit(0.0)
    )
    return joined.select(*sales.columns, rate.alias(name))


def _moments(whose: str) -> list[Column]:
    # Sums of whole numbers: independent of the order of the rows.
    lines, items = F.col("__lines"), F.count(F.lit(1))
    return [
        (F.sum(lines) / items).alias(f"{whose}_mean"),
        (F.sum(lines * lines) / items).alias(f"{whose}_square"),
    ]
