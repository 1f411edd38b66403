"""Views with which a visitor left the store."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from features.visitors import visitor_actor


def exits(events: DataFrame, session_minutes: int) -> DataFrame:
    """day, item_id, exits_weight: the views that are the last event of their session, by sample weight.

    A session is of a visitor, or of a shopper where no visitor is known, and ends after `session_minutes` without an
    event, or with the day: what follows is not known at its end. Exposures take no part.

    events: complete days of events
    """
    of_session = F.coalesce(visitor_actor(F.col("visitor_id")), "user_id").alias("who")
    chosen = events.where(F.col("event_type") != "exposure").select(
        "event_date", of_session, "event_id", "event_time", "event_type", "item_id", "sample_weight"
    )
    in_order = Window.partitionBy("who", "event_date").orderBy("event_time", "event_id")
    minutes = (F.unix_micros(F.lead("event_time").over(in_order)) - F.unix_micros("event_time")) / 60e6
    last = F.coalesce(minutes > session_minutes, F.lit(True))
    return (
        chosen.withColumn("last", last)
        .where(F.col("last") & (F.col("event_type") == "view"))
        .groupBy(F.col("event_date").alias("day"), "item_id")
        .agg(F.sum("sample_weight").alias("exits_weight"))
    )
