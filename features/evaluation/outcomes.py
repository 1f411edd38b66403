"""Daily outcomes of shoppers, for the metrics of a test."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.segments import HEAD

METRICS = ("tail_purchases", "head_purchases", "revenue")


def daily_outcomes(purchases: DataFrame, segments: DataFrame) -> DataFrame:
    """user_id, event_date and METRICS, one row a shopper and day with a purchase.

    tail_purchases and head_purchases are purchase lines, revenue is in the store's currency. Items without a segment
    are new and count as tail.

    purchases: user_id, item_id, event_date, price, sample_weight
    segments: item_id, segment, from before the test, which could move an item from one metric to the other
    """
    is_head = F.coalesce(F.col("segment") == HEAD, F.lit(False))
    weight = F.col("sample_weight")
    return (
        purchases.join(segments, on="item_id", how="left")
        .groupBy("user_id", "event_date")
        .agg(
            F.sum(F.when(is_head, 0.0).otherwise(weight)).alias("tail_purchases"),
            F.sum(F.when(is_head, weight).otherwise(0.0)).alias("head_purchases"),
            F.sum(F.col("price").cast("double") * weight).alias("revenue"),
        )
        .select("user_id", "event_date", *METRICS)
    )
