"""Planned and delivered exposure of each item, with the cause of the gap."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

NOT_LOGGED = "the store logged no exposure of this placement"
GONE = "withdrawn or out of stock since the plan"
CUT = "the storefront shows fewer positions than planned"
FEWER_VISITS = "fewer visits than expected"
MORE_VISITS = "more visits than expected"
LESS, MORE = "shown less often than planned", "shown more often than planned"
UNPLANNED = "shown without being in the plan"
NOISE = 2.0  # a gap within so many standard deviations of a Poisson count is chance


def accounts(
    planned: DataFrame, exposures: DataFrame, led_to: DataFrame, items: DataFrame, ranks: DataFrame
) -> DataFrame:
    """The columns of `exposure_account` without policy and placement, of every item that was planned or shown.

    planned: as_of, item_id, segment, allocated, days (for which readers saw the night's lists so far) of the nights
    exposures: as_of, item_id, request_id, position, sample_weight, attention (the chance that the position is viewed)
        of the valid ones
    led_to: the responses, as returned by `attributed`
    items: item_id, margin (share of the price, may be NULL), is_gone
    ranks: as_of, item_id, rank, share of the item's planned exposure at the rank
    """
    logged = exposures.groupBy("as_of", "item_id").agg(
        F.sum("sample_weight").alias("shown"),
        F.sum(F.col("sample_weight") * F.col("attention")).alias("seen"),
        F.countDistinct("request_id").alias("asked"),
    )
    nights = _nights(planned, exposures)
    rows = (
        planned.withColumn("planned", F.col("allocated") * F.col("days"))
        .select("as_of", "item_id", "segment", "planned")
        .join(logged, on=["as_of", "item_id"], how="full")
        .where("planned > 0 OR shown > 0")
        .join(led_to, on=["as_of", "item_id"], how="left")
        .join(nights, on="as_of", how="inner")
        .join(_cut_share(ranks, nights), on=["as_of", "item_id"], how="left")
        .join(items.select("item_id", "margin", "is_gone"), on="item_id", how="left")
    )
    rows = rows.withColumn("planned", _or_zero("planned")).withColumn("was_planned", F.col("planned") > 0)
    rows = rows.withColumn("logged", _if_logged(_or_zero("shown"))).withColumn(
        "delivered", _if_logged(_or_zero("seen"))
    )
    return rows.select(
        "as_of",
        "item_id",
        F.coalesce("segment", F.lit("")).alias("segment"),
        F.round("days").cast("long").alias("live_days"),
        "planned",
        "logged",
        "delivered",
        _if_logged(F.coalesce("asked", F.lit(0))).alias("requests"),
        _if_logged(_or_zero("clicks")).alias("clicks"),
        _if_logged(_or_zero("carts")).alias("carts"),
        _if_logged(F.coalesce("purchases", F.lit(0))).alias("purchases"),
        _if_logged(F.coalesce("revenue", F.lit(0).cast("decimal(18,4)"))).alias("revenue"),
        _if_logged(F.coalesce("revenue", F.lit(0)).cast("double") * F.col("margin")).alias("margin"),
        (F.col("delivered") - F.col("planned")).alias("gap"),
        _reason().alias("reason"),
        _if_logged(F.col("views")).alias("views"),
    )


def unlogged_accounts(planned: DataFrame) -> DataFrame:
    """As `accounts`, for nights without a logged exposure: the planned exposure, and NULL for everything else."""
    nothing = {"logged": "double", "delivered": "double", "requests": "bigint", "clicks": "double", "carts": "double",
               "purchases": "bigint", "revenue": "decimal(18,4)", "margin": "double", "gap": "double"}  # fmt: skip
    return planned.where("allocated > 0").select(
        "as_of",
        "item_id",
        "segment",
        F.round("days").cast("long").alias("live_days"),
        (F.col("allocated") * F.col("days")).alias("planned"),
        *(F.lit(None).cast(kind).alias(name) for name, kind in nothing.items()),
        F.lit(NOT_LOGGED).alias("reason"),
        F.lit(None).cast("double").alias("views"),
    )


def _nights(planned: DataFrame, exposures: DataFrame) -> DataFrame:
    """as_of, days, is_logged, deepest, visits of every planned night.

    deepest: last logged position, NULL without one; visits: delivered / planned exposure of all items
    """
    plans = planned.groupBy("as_of").agg(
        F.max("days").alias("days"), F.sum(F.col("allocated") * F.col("days")).alias("planned_of_all")
    )
    logs = exposures.groupBy("as_of").agg(
        F.sum(F.col("sample_weight") * F.col("attention")).alias("seen_of_all"), F.max("position").alias("deepest")
    )
    return plans.join(logs, on="as_of", how="left").select(
        "as_of",
        "days",
        F.col("seen_of_all").isNotNull().alias("is_logged"),
        "deepest",
        (F.col("seen_of_all") / F.nullif("planned_of_all", F.lit(0.0))).alias("visits"),
    )


def _cut_share(ranks: DataFrame, nights: DataFrame) -> DataFrame:
    """as_of, item_id, cut: the share of an item's planned exposure at ranks beyond the last logged position."""
    beyond = F.when(F.col("rank") > F.col("deepest"), F.col("share")).otherwise(0.0)
    return (
        ranks.join(nights.select("as_of", "deepest"), on="as_of", how="inner")
        .groupBy("as_of", "item_id")
        .agg(F.sum(beyond).alias("cut"))
    )


def _reason() -> Column:
    planned, delivered, visits = F.col("planned"), F.col("delivered"), F.col("visits")
    chance = NOISE * F.sqrt(F.greatest(planned, F.lit(1.0)))
    by_visits = F.abs(delivered - planned * visits) <= chance
    short, over = delivered < planned - chance, delivered > planned + chance
    return (
        F.when(~F.col("is_logged"), NOT_LOGGED)
        .when(~F.col("was_planned"), UNPLANNED)
        .when(short & F.coalesce("is_gone", F.lit(True)), GONE)
        .when(short & (F.coalesce("cut", F.lit(0.0)) >= 0.5), CUT)
        .when(short & by_visits & (visits < 1), FEWER_VISITS)
        .when(over & by_visits & (visits > 1), MORE_VISITS)
        .when(short, LESS)
        .when(over, MORE)
        .otherwise("")
    )


def _or_zero(name: str) -> Column:
    return F.coalesce(F.col(name), F.lit(0.0))


def _if_logged(value: Column) -> Column:
    """NULL if the store logged no exposure of the placement: not measured is not zero."""
    return F.when(F.col("is_logged"), value)
