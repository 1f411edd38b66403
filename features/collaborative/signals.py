"""Events short of a purchase before a date, in the row numbers that collaborative statistics use."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.visitors import visitor_actor

_LONGEST_QUERY = 200  # characters; what differs behind them is one query


def signal_events(
    events: DataFrame, item_rows: DataFrame, as_of: date, signals: Mapping[str, str], days: int, ever: Collection[str]
) -> DataFrame:
    """user_id, visitor_id, signal, item_row, event_time, event_date of the events of these types before as_of.

    item_rows: item_id and item_row; signals: the signal of each event_type
    days: older events are left out, except those of the signals `ever`
    """
    signal = F.lit(None).cast("string")
    for kind, of_kind in signals.items():
        signal = F.when(F.col("event_type") == kind, F.lit(of_kind)).otherwise(signal)
    always = [kind for kind, of_kind in signals.items() if of_kind in ever]
    recent = F.col("event_date") >= F.lit(as_of - timedelta(days=days))
    return (
        events.where(F.col("event_type").isin(*signals) & (F.col("event_date") < F.lit(as_of)))
        .where(recent | F.col("event_type").isin(*always))
        .withColumn("signal", signal)
        .join(F.broadcast(item_rows), on="item_id", how="inner")
        .select("user_id", "visitor_id", "signal", "item_row", "event_time", "event_date")
    )


def event_lists(lines: DataFrame, signals: Collection[str], most: int) -> DataFrame:
    """user_id and, of each signal, `<signal>_items` and `<signal>_days`: arrays of its `most` newest lines.

    lines: user_id, signal, item_row, days_ago; ties in time are in the order of item_row
    """
    newest = Window.partitionBy("user_id", "signal").orderBy("days_ago", "item_row")
    newest_lines = lines.withColumn("place", F.row_number().over(newest)).where(F.col("place") <= most)
    line = F.struct("days_ago", "item_row")
    lists = newest_lines.groupBy("user_id").agg(
        *(F.sort_array(F.collect_list(F.when(F.col("signal") == name, line))).alias(name) for name in signals)
    )
    return lists.select(
        "user_id",
        *(F.col(f"{name}.item_row").alias(f"{name}_items") for name in signals),
        *(F.col(f"{name}.days_ago").alias(f"{name}_days") for name in signals),
    )


def session_items(events: DataFrame, visitors: DataFrame, days_ago: Column, gap_minutes: float, most: int) -> DataFrame:
    """user_id (the visitor), session int, item_row, days_ago: each item of a session of the visitors, at its last time.

    A session ends where its visitor does nothing for more than `gap_minutes`. A visitor is a device, or the shopper
    where the store knows no device.

    events: as `signal_events` leaves them; visitors: user_id, as `visitor_key` names them
    most: newest events of a visitor that count
    """
    seconds = F.unix_micros("event_time") / 1e6
    in_order = Window.partitionBy("user_id").orderBy("event_time", "item_row")
    newest = Window.partitionBy("user_id").orderBy(F.desc("event_time"), F.desc("item_row"))
    begins = F.coalesce(seconds - F.lag(seconds).over(in_order) > gap_minutes * 60.0, F.lit(True))
    return (
        events.select(visitor_key().alias("user_id"), "item_row", "event_time", days_ago.alias("days_ago"))
        .join(F.broadcast(visitors), on="user_id", how="left_semi")
        .withColumn("place", F.row_number().over(newest))
        .where(F.col("place") <= most)
        .withColumn("begins", begins.cast("int"))
        .withColumn("session", F.sum("begins").over(in_order).cast("int"))
        .groupBy("user_id", "session", "item_row")
        .agg(F.min("days_ago").alias("days_ago"))
    )


def visitor_key() -> Column:
    """Whose sessions an event belongs to: the visitor, whether known or not, or the shopper where there is none."""
    return F.coalesce(visitor_actor(F.col("visitor_id")), "user_id")


def normalised_query() -> Column:
    """The query in lower case without repeated spaces."""
    words = F.regexp_replace(F.lower(F.trim("query")), r"\s+", " ")
    return F.substring(words, 1, _LONGEST_QUERY)


def frequent_queries(searches: DataFrame, most: int) -> DataFrame:
    """query: the `most` different ones that the most shoppers searched for, of equal ones the first by the alphabet.

    searches: user_id and query, as `normalised_query` writes it
    """
    shoppers = searches.groupBy("query").agg(F.countDistinct("user_id").alias("shoppers"))
    return shoppers.where("query != ''").orderBy(F.desc("shoppers"), "query").limit(most).select("query")
