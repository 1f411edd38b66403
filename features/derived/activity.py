"""When shoppers are active, and what they did in their last session, from their histories."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.derived.clock import hour_of_day, weekday
from features.texts import INTERESTS

SESSION_ITEMS = 10
_DAYS = 90
_HOURS, _WEEKDAYS = 24, 7


def active(user_history: DataFrame, zone: str, session_minutes: int) -> DataFrame:
    """as_of, user_id, last_session_items, _events and _minutes, days_since_last_session, active_hours_shares_90d and
    active_weekdays_shares_90d: of the events of a history that show an interest.

    The last session is that of the newest event: the events before it with at most `session_minutes` from one to the
    next. No event before it, nor its items, is in `user_history` beyond its length.

    zone: of the store's clock
    """
    minutes = F.transform("times", lambda time: F.unix_micros(time) / 60e6)
    begins_older = F.transform(
        "minutes", lambda time, place: F.coalesce(F.get("minutes", place - 1) - time > session_minutes, F.lit(False))
    )
    events = F.filter(
        F.arrays_zip("event_times", "item_ids", "event_types", "days_ago"),
        lambda event: event["event_types"].isin(*INTERESTS),
    )
    first_older = F.array_position("begins_older", True)
    recent = F.filter("events", lambda event: event["days_ago"] <= _DAYS)
    return (
        user_history.select("as_of", "user_id", events.alias("events"), events["event_times"].alias("times"))
        .withColumn("minutes", minutes)
        .withColumn("begins_older", begins_older)
        .withColumn("length", F.when(first_older > 0, first_older - 1).otherwise(F.size("events")).cast("int"))
        .withColumn("recent", F.transform(recent, lambda event: event["event_times"]))
        .withColumn("hours", F.transform("recent", lambda time: hour_of_day(time, zone)))
        .withColumn("weekdays", F.transform("recent", lambda time: weekday(time, zone)))
        .select(
            "as_of",
            "user_id",
            F.slice(F.array_distinct(F.slice(F.col("events.item_ids"), 1, F.col("length"))), 1, SESSION_ITEMS).alias(
                "last_session_items"
            ),
            F.col("length").cast("long").alias("last_session_events"),
            (F.get("minutes", F.lit(0)) - F.get("minutes", F.col("length") - 1)).alias("last_session_minutes"),
            F.get(F.col("events.days_ago"), F.lit(0)).cast("double").alias("days_since_last_session"),
            _shares("hours", _HOURS).alias("active_hours_shares_90d"),
            _shares("weekdays", _WEEKDAYS).alias("active_weekdays_shares_90d"),
        )
    )


def session_categories(active_rows: DataFrame, item_features: DataFrame) -> DataFrame:
    """as_of, user_id, last_session_categories: the different categories of last_session_items, the newest first.

    active_rows: as_of, user_id, last_session_items; item_features: as_of, item_id, category of the same dates
    """
    items = active_rows.select("as_of", "user_id", F.posexplode("last_session_items").alias("place", "item_id"))
    known = item_features.select("as_of", "item_id", "category").where(F.col("category") != "")
    in_order = F.array_sort(F.collect_list(F.struct("place", "category")))
    return (
        items.join(known, on=["as_of", "item_id"], how="inner")
        .groupBy("as_of", "user_id")
        .agg(F.array_distinct(F.transform(in_order, lambda entry: entry["category"])).alias("last_session_categories"))
    )


def _shares(values: str, number: int) -> Column:
    """Of each of 0 to number - 1 its share of the array `values`; NULL without a value."""

    def share(one: int) -> Column:
        return F.size(F.filter(values, lambda value: value == one)) / F.size(values)

    return F.when(F.size(values) > 0, F.array(*map(share, range(number))))
