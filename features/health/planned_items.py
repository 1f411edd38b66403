"""One row for each item of the plan, with the values that the figures of health are computed from."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.metrics import ALL, ITEMS_NOT_LIFTED
from features.health.figures import Figure


def of_items(
    planned: DataFrame, features: DataFrame, scored: DataFrame, listed: DataFrame, earlier: DataFrame, counts: DataFrame
) -> DataFrame:
    """item_id, segment, provider_id, price, popularity, allocated, merit, entries, relevance_sum, responses, was_given.

    merit is the sum of an item's relevance over all shoppers for whom it was scored; was_given is whether an earlier
    night gave it exposure; price is the listed one, else the mean paid in 90 days, else 0. An empty provider is NULL.
    All frames are of one policy.

    planned: the night's item_exposure
    features: the night's item_features
    scored: the night's relevance
    listed: as returned by `listed_items`
    earlier: item_exposure of the earlier nights of the window
    counts: item_id, popularity: responses of the last 90 days; an item without a row had none
    """
    price = F.when(F.col("list_price") > 0, F.col("list_price")).otherwise(F.col("price_mean_90d"))
    known = features.select(
        "item_id",
        F.nullif("provider_id", F.lit("")).alias("provider_id"),
        price.alias("price"),
    )
    merit = scored.groupBy("item_id").agg(F.sum("relevance").alias("merit"))
    before = earlier.where("allocated > 0").select("item_id").distinct().withColumn("was_given", F.lit(True))
    rows = planned.select("item_id", "segment", "allocated")
    for frame in (known, counts, merit, listed, before):
        rows = rows.join(frame, on="item_id", how="left")
    sums = ("price", "merit", "relevance_sum", "responses")
    return rows.select(
        "item_id",
        "segment",
        "provider_id",
        "allocated",
        *(F.coalesce(name, F.lit(0.0)).alias(name) for name in sums),
        *(F.coalesce(name, F.lit(0)).alias(name) for name in ("popularity", "entries")),
        F.coalesce("was_given", F.lit(False)).alias("was_given"),
    )


def not_lifted_count(planned: DataFrame) -> Figure:
    """Number of eligible items that plan.not_lifted keeps from being lifted. planned: the night's item_exposure"""
    return ITEMS_NOT_LIFTED, ALL, float(planned.where(F.col("not_lifted_by").isNotNull()).count())
