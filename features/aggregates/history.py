"""user_history: the last events of each shopper before a date."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.aggregates.user_features import users_at

_SECONDS_A_DAY = 86_400


def user_history(events: DataFrame, users: DataFrame, dates: DataFrame, length: int, days: int) -> DataFrame:
    """The columns of user_history for each `as_of` of `dates`: everyone who had signed up before it.

    The newest `length` events of [as_of - days, as_of) that a shopper did of their own accord: exposures are none.
    Events of one time, as the lines of a basket, come in the order of a hash of event_id, which says nothing about
    them. A shopper without events has empty arrays.
    """
    chosen = events.where(F.col("event_type") != "exposure").select(
        "user_id",
        # Newest first in ascending order, so that one sorted array serves every date.
        F.struct(
            (-F.unix_micros("event_time")).alias("order"),
            F.xxhash64("event_id").alias("tie"),
            "event_id",
            "item_id",
            "event_type",
            "event_time",
        ).alias("event"),
    )
    whole = chosen.groupBy("user_id").agg(F.array_sort(F.collect_list("event")).alias("whole"))
    now = F.col("as_of").cast("timestamp")
    first = F.date_sub("as_of", days).cast("timestamp")
    known = F.filter("whole", lambda event: (event["event_time"] < now) & (event["event_time"] >= first))
    rows = (
        users_at(users, dates)
        .select("as_of", "user_id")
        .join(whole, on="user_id", how="left")
        .select("as_of", "user_id", F.slice(F.coalesce(known, F.array()), 1, length).alias("events"))
    )
    ago = F.transform(
        "events",
        lambda event: (
            (F.unix_micros(F.col("as_of").cast("timestamp")) - F.unix_micros(event["event_time"]))
            / F.lit(1_000_000 * _SECONDS_A_DAY)
        ).cast("float"),
    )
    return rows.select(
        "as_of",
        "user_id",
        F.transform("events", lambda event: event["item_id"]).alias("item_ids"),
        F.transform("events", lambda event: event["event_type"]).alias("event_types"),
        ago.alias("days_ago"),
    )
