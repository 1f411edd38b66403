"""Entries of a night's lists, by item, and the number of lists."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract.metrics import ALL, LISTS
from features.health.figures import Figure


def listed_items(scores: DataFrame, visits: DataFrame, weights: Sequence[float]) -> DataFrame:
    """item_id, entries, relevance_sum, responses of the items in a list.

    responses: the sum over the entries of relevance * visits * weight of the position, the expected responses in a day

    scores: the night's exposure_scores of one policy
    visits: user_id, visits (lists that the shopper is expected to request in a day)
    weights: chance that a position is viewed, by position
    """
    return (
        scores.join(visits.select("user_id", "visits"), on="user_id", how="inner")
        .groupBy("item_id")
        .agg(
            F.count("*").alias("entries"),
            F.sum("relevance").alias("relevance_sum"),
            F.sum(F.col("relevance") * F.col("visits") * viewed(weights)).alias("responses"),
        )
    )


def viewed(weights: Sequence[float]) -> Column:
    """The chance that the position of an entry is viewed, by its `rank`. weights: by position"""
    return F.element_at(F.array(*(F.lit(float(weight)) for weight in weights)), F.col("rank"))


def lists_count(scores: DataFrame, segments: DataFrame) -> list[Figure]:
    """Number of shoppers with an item of each segment in their list, and with any. segments: item_id, segment."""
    entries = scores.select("user_id", "item_id").join(segments.select("item_id", "segment"), on="item_id", how="inner")
    rows = entries.rollup("segment").agg(F.countDistinct("user_id").alias("lists")).collect()
    return [(LISTS, row["segment"] or ALL, float(row["lists"])) for row in rows if row["lists"]]
