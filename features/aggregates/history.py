"""user_history: the last events of each shopper before a date."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from features.aggregates.user_features import users_at

_MICROSECONDS_A_DAY = 86_400_000_000


def user_history(events: DataFrame, users: DataFrame, dates: DataFrame, length: int, days: int) -> DataFrame:
    """The columns of user_history for each `as_of` of `dates`: everyone who had signed up before it.

    The newest `length` events of [as_of - days, as_of) that a shopper did of their own accord: exposures are none.
    Events of one time, as the lines of a basket, come in the order of a hash of event_id, which says nothing about
    them. A shopper without events has empty arrays.
    """
    chosen = events.where(F.col("event_type") != "exposure").select(
        "user_id", "event_id", "item_id", "event_type", "event_time"
    )
    newest_first = Window.partitionBy("user_id").orderBy(F.desc("event_time"), F.xxhash64("event_id"), "event_id")
    newest_first = newest_first.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    asked = F.broadcast(dates.select("as_of", F.col("as_of").cast("timestamp").alias("now")))
    # One sort serves every date: the place at a date is the place of all, less the events that the date does not know.
    placed = chosen.withColumn("place", F.row_number().over(newest_first)).join(
        asked,
        on=(F.col("event_time") < F.col("now")) & (F.col("event_time") >= F.date_sub("as_of", days).cast("timestamp")),
        how="inner",
    )
    unknown = (
        chosen.join(asked, on=F.col("event_time") >= F.col("now"), how="inner")
        .groupBy("as_of", "user_id")
        .agg(F.count(F.lit(1)).alias("unknown"))
    )
    rank = F.col("place") - F.coalesce("unknown", F.lit(0))
    days_ago = (F.unix_micros("now") - F.unix_micros("event_time")) / _MICROSECONDS_A_DAY
    last = (
        placed.join(unknown, on=["as_of", "user_id"], how="left")
        .select(
            "as_of", "user_id", rank.alias("rank"), "item_id", "event_type", days_ago.cast("float").alias("days_ago")
        )
        .where(F.col("rank") <= length)
        .groupBy("as_of", "user_id")
        .agg(F.sort_array(F.collect_list(F.struct("rank", "item_id", "event_type", "days_ago"))).alias("events"))
    )
    whole = users_at(users, dates).select("as_of", "user_id").join(last, on=["as_of", "user_id"], how="left")
    return whole.select(
        "as_of",
        "user_id",
        F.coalesce("events.item_id", F.array().cast("array<string>")).alias("item_ids"),
        F.coalesce("events.event_type", F.array().cast("array<string>")).alias("event_types"),
        F.coalesce("events.days_ago", F.array().cast("array<float>")).alias("days_ago"),
    )
