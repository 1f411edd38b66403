"""user_history: the last events of each shopper before a date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.aggregates.user_features import users_at
from features.point_in_time import midnight

_MICROSECONDS_A_DAY = 86_400_000_000


def user_history(events: DataFrame, users: DataFrame, dates: Sequence[date], length: int, days: int) -> DataFrame:
    """The columns of user_history for each date: everyone who had signed up before it.

    The newest `length` events of [as_of - days, as_of) that a shopper did of their own accord: exposures are none.
    Events of one time, as the lines of a basket, come in the order of a hash of event_id, which says nothing about
    them. A shopper without events has empty arrays.
    """
    in_order = sorted(dates)
    since = in_order[0] - timedelta(days=days)
    # Events between two dates are known to the same dates, so of each such period only the newest can matter.
    period = _number_of(in_order[:-1], lambda day: F.col("event_date") >= F.lit(day))
    chosen = (
        events.where((F.col("event_type") != "exposure") & (F.col("event_date") >= F.lit(since)))
        .where(F.col("event_date") < F.lit(in_order[-1]))
        .select(
            "user_id",
            period.alias("period"),
            (-F.unix_micros("event_time")).alias("order"),
            F.xxhash64("event_id").alias("hash"),
            "event_id",
            "item_id",
            "event_type",
        )
    )
    newest_first = Window.partitionBy("user_id", "period").orderBy("order", "hash", "event_id")
    newest_first = newest_first.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    gathered = (
        chosen.withColumn("place", F.row_number().over(newest_first))
        .where(F.col("place") <= length)
        .groupBy("user_id")
        .agg(
            F.array_sort(
                F.collect_list(F.struct("order", "hash", "event_id", "period", "item_id", "event_type"))
            ).alias("events")
        )
    )
    known = _number_of(in_order[:-1], lambda day: F.col("as_of") > F.lit(day))
    oldest = -(F.unix_micros("now") - F.lit(days * _MICROSECONDS_A_DAY))
    rows = (
        users_at(users, dates)
        .select("as_of", "user_id", midnight("as_of").alias("now"), known.alias("known"))
        .join(gathered, on="user_id", how="left")
    )
    last = F.slice(
        F.filter("events", lambda event: (event["period"] <= F.col("known")) & (event["order"] <= oldest)), 1, length
    )
    ago = F.transform(
        "last", lambda event: ((F.unix_micros("now") + event["order"]) / _MICROSECONDS_A_DAY).cast("float")
    )
    return rows.withColumn("last", last).select(
        "as_of",
        "user_id",
        F.coalesce("last.item_id", F.array().cast("array<string>")).alias("item_ids"),
        F.coalesce("last.event_type", F.array().cast("array<string>")).alias("event_types"),
        F.coalesce(ago, F.array().cast("array<float>")).alias("days_ago"),
    )


def _number_of(days: Sequence[date], is_true: Callable[[date], Column]) -> Column:
    """The number of days for which a condition holds."""
    return reduce(add, (is_true(day).cast("int") for day in days), F.lit(0))
