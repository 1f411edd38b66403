"""Responses to exposures, weighted by inverse propensity."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.contract.responses import PURCHASE


def exposure_responses(
    events: DataFrame,
    since: date,
    until: date,
    attribution_days: int,
    largest_weight: float,
    response: str = PURCHASE,
) -> DataFrame:
    """user_id, item_id, weight, response_share of the pairs that were shown in [since, until - attribution_days).

    An exposure has the weight `sample_weight` times 1 / propensity, the latter at most `largest_weight`: inverse
    propensity scoring with clipping (Schnabel et al. 2016), which removes the preferences of the logging policy. It has
    a response if the pair has an event of the type `response` within `attribution_days` and before its next exposure.
    `weight` is the sum of the weights, `response_share` the weighted share with a response. Exposures without
    propensity are left out unless `largest_weight` is 1, which means no correction.
    """
    pair = ["user_id", "item_id"]
    # NULL without propensity: `least` ignores NULL and would return the largest weight.
    inverse = F.when(F.col("propensity").isNotNull(), F.least(1.0 / F.col("propensity"), F.lit(largest_weight)))
    known = F.lit(1.0) if largest_weight == 1.0 else inverse
    last_shown = until - timedelta(days=attribution_days)
    of_pair = Window.partitionBy(*pair).orderBy("event_time", "event_id")
    shown = (
        events.where((F.col("event_type") == "exposure") & _within(since, last_shown))
        .select(*pair, "event_id", "event_time", (F.col("sample_weight") * known).alias("weight"))
        .where(F.col("weight").isNotNull())
        .withColumn("next_time", F.lead("event_time").over(of_pair))
    )
    responses = events.where((F.col("event_type") == response) & _within(since, until)).select(
        *pair, F.col("event_time").alias("response_time")
    )
    end = F.least(F.col("event_time") + F.expr(f"INTERVAL {attribution_days} DAYS"), F.col("next_time"))
    after = (F.col("response_time") >= F.col("event_time")) & (F.col("response_time") < end)
    responded = (
        shown.join(responses, on=pair, how="left")
        .groupBy(*pair, "event_id", "weight")
        .agg(F.coalesce(F.max(after.cast("double")), F.lit(0.0)).alias("response"))
    )
    return (
        responded.groupBy(*pair)
        .agg(F.sum("weight").alias("weight"), F.sum(F.col("weight") * F.col("response")).alias("with_response"))
        .select(*pair, "weight", (F.col("with_response") / F.col("weight")).alias("response_share"))
    )


def _within(since: date, until: date) -> Column:
    return (F.col("event_date") >= F.lit(since)) & (F.col("event_date") < F.lit(until))
