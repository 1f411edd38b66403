"""What the lists of a night hold, summed up by item, and how many shoppers have one."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.health.figures import ALL, Figure


def listed_items(scores: DataFrame, visits: DataFrame, weights: Sequence[float]) -> DataFrame:
    """item_id, entries, relevance_sum, responses of the items in a list.

    scores: the night's exposure_scores of one policy; visits: user_id, visits, the lists that each is expected to ask
    for in a day, as the plan has it; weights: chance that a position is looked at, the first first. An entry is
    expected to be seen visits * weight of its position times, and each time answered with its relevance: the sum of
    that is `responses`.
    """
    weight = F.element_at(F.array(*(F.lit(float(one)) for one in weights)), F.col("rank"))
    return (
        scores.join(visits.select("user_id", "visits"), on="user_id", how="inner")
        .groupBy("item_id")
        .agg(
            F.count("*").alias("entries"),
            F.sum("relevance").alias("relevance_sum"),
            F.sum(F.col("relevance") * F.col("visits") * weight).alias("responses"),
        )
    )


def lists_count(scores: DataFrame, segments: DataFrame) -> list[Figure]:
    """lists_count: shoppers with an item of each segment in their list, and with any. segments: item_id, segment."""
    entries = scores.select("user_id", "item_id").join(segments.select("item_id", "segment"), on="item_id", how="inner")
    rows = entries.rollup("segment").agg(F.countDistinct("user_id").alias("lists")).collect()
    return [("lists_count", row["segment"] or ALL, float(row["lists"])) for row in rows if row["lists"]]
