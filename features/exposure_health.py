"""Figures of what a plan gave the tail."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def list_health(scores: DataFrame, item_exposure: DataFrame) -> DataFrame:
    """name, segment, value: lists, distinct items, planned responses and exposure of a night, by segment and for all.

    `scores` are the night's exposure_scores, `item_exposure` its rows of that table; both of one policy.
    """
    of_item = item_exposure.select("item_id", "segment", "allocated")
    entries = scores.join(of_item, on="item_id", how="inner").select("user_id", "item_id", "segment", "relevance")
    listed = _by_segment(
        entries,
        [
            ("lists_count", F.countDistinct("user_id").cast("double")),
            ("entries_count", F.count("*").cast("double")),
            ("items_shown_count", F.countDistinct("item_id").cast("double")),
            ("relevance_mean", F.avg("relevance")),
        ],
    )
    given = _by_segment(
        of_item,
        [("items_eligible_count", F.count("*").cast("double")), ("exposure_allocated_sum", F.sum("allocated"))],
    )
    return listed.unionByName(given).unionByName(exposure_gini(of_item)).select("name", "segment", "value")


def exposure_gini(of_item: DataFrame) -> DataFrame:
    """name, segment, value: Gini coefficient of the exposure allocated over the eligible items, for all.

    G = 2 sum_k k x_(k) / (n sum x) - (n + 1) / n with x in rising order (Gini 1912); 0 where nothing was allocated.
    """
    # One row of all the values in order: a window over all rows does the same, and warns at every use.
    sums = of_item.agg(F.sort_array(F.collect_list("allocated")).alias("x")).select(
        F.size("x").alias("n"),
        _sum(F.col("x")).alias("total"),
        _sum(F.transform("x", lambda value, place: value * (place + 1))).alias("weighted"),
    )
    gini = 2 * F.col("weighted") / (F.col("n") * F.col("total")) - (F.col("n") + 1) / F.col("n")
    return sums.select(
        F.lit("exposure_gini").alias("name"),
        F.lit("all").alias("segment"),
        F.when(F.col("total") > 0, gini).otherwise(F.lit(0.0)).alias("value"),
    )


def _sum(values: Column) -> Column:
    return F.aggregate(values, F.lit(0.0), lambda whole, value: whole + value)


def _by_segment(rows: DataFrame, figures: list[tuple[str, Column]]) -> DataFrame:
    columns = [column.alias(name) for name, column in figures]
    both = (
        rows.groupBy("segment")
        .agg(*columns)
        .unionByName(rows.agg(*columns).select(F.lit("all").alias("segment"), *(name for name, _ in figures)))
    )
    pairs = F.explode(
        F.array(*(F.struct(F.lit(name).alias("name"), F.col(name).alias("value")) for name, _ in figures))
    )
    return (
        both.select("segment", pairs.alias("one")).select("one.name", "segment", "one.value").where("value IS NOT NULL")
    )
