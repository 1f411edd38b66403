"""What an item could bring if its best audience saw it, compared with what it got."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

_RECEIVED = ("received_exposures", "received_responses")


def item_potential(pairs: DataFrame, items: DataFrame, received: DataFrame, shoppers: int) -> DataFrame:
    """item_id, audience_count, audience_visits, potential_responses, received_exposures, received_responses,
    potential_gap: one row an item of `items`, without NULL.

    potential_responses is the sum of relevance times visits over the `shoppers` pairs of an item where it is largest:
    the optimum of the plan's linear programme for this item alone with that many places. potential_gap counts each
    received exposure as one to this audience; observed responses would say little, because most tail items have none.

    pairs: item_id, relevance, visits (a day), of every shopper who is part of the audience; unique by shopper and item
    items: item_id
    received: the columns of `received_per_day`
    """
    of_audience = _audiences(pairs, shoppers)
    gap = F.col("potential_responses") * F.greatest(
        F.lit(0.0), 1.0 - F.coalesce(F.try_divide("received_exposures", "audience_visits"), F.lit(0.0))
    )
    return (
        items.select("item_id")
        .join(of_audience, on="item_id", how="left")
        .join(received, on="item_id", how="left")
        .select(
            "item_id",
            F.coalesce("audience_count", F.lit(0)).cast("long").alias("audience_count"),
            *(_or_zero(name) for name in ("audience_visits", "potential_responses", *_RECEIVED)),
        )
        .withColumn("potential_gap", gap)
    )


def received_per_day(account: DataFrame) -> DataFrame:
    """item_id, received_exposures, received_responses: a day of the nights in which the item was in a plan.

    account: rows of exposure_account of one placement, of one or several policies
    """
    by_night = account.groupBy("as_of", "item_id").agg(
        F.max("live_days").alias("days"),
        F.sum(F.coalesce("delivered", "planned")).alias("exposures"),
        F.sum(F.coalesce("purchases", F.lit(0))).alias("responses"),
    )
    by_item = by_night.groupBy("item_id").agg(*(F.sum(name).alias(name) for name in ("days", "exposures", "responses")))
    sums = zip(_RECEIVED, ("exposures", "responses"), strict=True)
    # Spark adds up in no fixed order, and a floor's bound must not depend on the last digits.
    return by_item.select("item_id", *(F.round(F.try_divide(of, "days"), 9).alias(name) for name, of in sums))


def _audiences(pairs: DataFrame, shoppers: int) -> DataFrame:
    responses = F.col("relevance") * F.col("visits")
    pair = F.struct(responses.alias("responses"), "visits")
    # Sorted, since sums of doubles differ in the last digits by their order.
    best = F.array_sort(F.max_by(pair, pair, shoppers))
    return (
        pairs.groupBy("item_id")
        .agg(F.count("*").alias("audience_count"), best.alias("best"))
        .select(
            "item_id",
            "audience_count",
            _sum_of("visits").alias("audience_visits"),
            _sum_of("responses").alias("potential_responses"),
        )
    )


def _sum_of(field: str) -> Column:
    return F.aggregate("best", F.lit(0.0), lambda total, pair: total + pair[field])


def _or_zero(name: str) -> Column:
    return F.coalesce(name, F.lit(0.0)).alias(name)
