"""Logged exposures with their responses."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

SECONDS_A_DAY = 86_400
_PAIR = ("request_id", "user_id", "item_id")


def with_responses(exposures: DataFrame, responses: DataFrame, days: float) -> DataFrame:
    """The columns of the exposures and response: the number of responses attributed to the request and item.

    A response is attributed to the exposure of the request that it names, else to the shopper's newest exposure of the
    item that is not after it and at most `days` old; without one it is attributed to none. Each response counts once.
    Exposures of one request and item that were logged twice both have its responses: the caller drops one of them.

    exposures: request_id (NULL if not logged: no response is attributed to these), user_id, item_id, event_time
    responses: event_id, user_id, item_id, event_time, request_id (may be NULL), sample_weight
    """
    shown = (
        exposures.where("request_id IS NOT NULL")
        .groupBy(*_PAIR)
        .agg(F.min("event_time").alias("shown_at"))
        .withColumnRenamed("request_id", "shown_in")
    )
    age = F.unix_timestamp("event_time") - F.unix_timestamp("shown_at")
    own = F.coalesce(F.col("request_id") == F.col("shown_in"), F.lit(False))
    counted = (
        responses.join(shown, on=["user_id", "item_id"], how="inner")
        .where((F.col("shown_at") <= F.col("event_time")) & (age <= days * SECONDS_A_DAY))
        .groupBy("event_id", "user_id", "item_id", "sample_weight")
        .agg(F.max_by("shown_in", F.struct(own, F.col("shown_at"), F.col("shown_in"))).alias("request_id"))
        .groupBy(*_PAIR)
        .agg(F.sum("sample_weight").alias("response"))
    )
    columns = [F.col(name) for name in exposures.columns]
    joined = exposures.join(counted, on=list(_PAIR), how="left")
    return joined.select(*columns, F.coalesce("response", F.lit(0.0)).alias("response"))
