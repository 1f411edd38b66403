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
from features.visitors import KNOWN_DATE

_MICROSECONDS_A_DAY = 86_400_000_000
_NO_EVENTS = "array<struct<order: bigint, item_id: string, event_type: string>>"


def user_history(events: DataFrame, users: DataFrame, dates: Sequence[date], length: int, days: int) -> DataFrame:
    """The columns of user_history for each date: everyone who had signed up before it.

    The newest `length` events of [as_of - days, as_of) without exposures, which a shopper does not choose. Events of
    one time, such as the lines of a basket, are ordered by a hash of event_id, which is independent of their content. A
    shopper without events has empty arrays.

    events: those of shoppers; with KNOWN_DATE, an event counts only for dates after it, else for those after event_date
    """
    in_order = sorted(dates)
    # All events known between two dates are known to the same dates, so only the newest of each such period matter.
    period = _number_of(in_order[:-1], lambda day: _known(events) >= F.lit(day))
    known = _number_of(in_order[:-1], lambda day: F.col("as_of") > F.lit(day))
    since = in_order[0] - timedelta(days=days)
    rows = (
        users_at(users, dates)
        .select("as_of", "user_id", known.alias("known"))
        .join(
            _gathered(_between(_known_before(events, in_order[-1]), since, in_order[-1]), period, length),
            on="user_id",
            how="left",
        )
    )
    before = F.filter("events", lambda event: event["period"] <= F.col("known"))
    return _of_columns(rows.withColumn("events", before), length, days)


def new_shoppers(last: DataFrame, users: DataFrame, as_of: date) -> DataFrame:
    """user_id of everyone who had signed up before the date and has no row in `last`, an earlier date's history."""
    present = users_at(users, (as_of,)).select("user_id")
    return present.join(last.select("user_id"), on="user_id", how="left_anti").select("user_id")


def next_user_history(
    last: DataFrame,
    events: DataFrame,
    users: DataFrame,
    newcomers: DataFrame,
    since: date,
    as_of: date,
    length: int,
    days: int,
) -> DataFrame:
    """The rows of `user_history` for the date `as_of`, from its rows of the earlier date `since` and the events since.

    Older events are read only for shoppers who are new since then.

    last: user_id, item_ids, event_types, event_times of the date `since`, of the same `length` and `days`, and from all
        events before it that are in `events` now
    newcomers: `new_shoppers`; with a hint to broadcast it, Spark does not read the older events if there are none. A
        shopper for whom older events count only since `since` is one of them, and has no row in `last`
    """
    present = users_at(users, (as_of,)).select("as_of", "user_id")
    events = _known_before(events, as_of)
    older = _between(events, as_of - timedelta(days=days), since).join(newcomers, on="user_id", how="left_semi")
    fresh = _gathered(_between(events, since, as_of).unionByName(older), F.lit(0), length)
    before = F.transform(
        F.arrays_zip("event_times", "item_ids", "event_types"),
        lambda event: F.struct(
            (-F.unix_micros(event["event_times"])).alias("order"),
            event["item_ids"].alias("item_id"),
            event["event_types"].alias("event_type"),
        ),
    )
    after = F.transform("events", lambda event: F.struct(*(event[name] for name in ("order", "item_id", "event_type"))))
    # All events since are newer than the known ones, so the order stays. Histories are large in memory, but Spark would
    # broadcast them by the size of their small files.
    rows = (
        present.join(last.select("user_id", before.alias("before")).hint("merge"), on="user_id", how="left")
        .join(fresh, on="user_id", how="left")
        .withColumn("events", F.concat(*(F.coalesce(part, F.array().cast(_NO_EVENTS)) for part in (after, "before"))))
    )
    return _of_columns(rows, length, days)


def _between(events: DataFrame, since: date, before: date) -> DataFrame:
    inside = (F.col("event_date") >= F.lit(since)) & (F.col("event_date") < F.lit(before))
    return events.where(inside & (F.col("event_type") != "exposure"))


def _known_before(events: DataFrame, before: date) -> DataFrame:
    return events.where(_known(events) < F.lit(before))


def _known(events: DataFrame) -> Column:
    return F.col(KNOWN_DATE if KNOWN_DATE in events.columns else "event_date")


def _gathered(events: DataFrame, period: Column, length: int) -> DataFrame:
    """user_id and events: the newest `length` of each period, as sorted structs that begin with the sort keys."""
    chosen = events.select(
        "user_id",
        period.alias("period"),
        (-F.unix_micros("event_time")).alias("order"),
        F.xxhash64("event_id").alias("hash"),
        "event_id",
        "item_id",
        "event_type",
    )
    newest_first = Window.partitionBy("user_id", "period").orderBy("order", "hash", "event_id")
    newest_first = newest_first.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    sortable = F.struct("order", "hash", "event_id", "period", "item_id", "event_type")
    return (
        chosen.withColumn("place", F.row_number().over(newest_first))
        .where(F.col("place") <= length)
        .groupBy("user_id")
        .agg(F.array_sort(F.collect_list(sortable)).alias("events"))
    )


def _of_columns(rows: DataFrame, length: int, days: int) -> DataFrame:
    """The columns of user_history from as_of, user_id and events, newest first: the first `length` of these days."""
    now = F.unix_micros(midnight("as_of"))
    oldest = F.lit(days * _MICROSECONDS_A_DAY) - now
    last = F.slice(F.filter("events", lambda event: event["order"] <= oldest), 1, length)
    ago = F.transform("last", lambda event: ((now + event["order"]) / _MICROSECONDS_A_DAY).cast("float"))
    times = F.transform("last", lambda event: F.timestamp_micros(-event["order"]))
    return rows.withColumn("last", last).select(
        "as_of",
        "user_id",
        F.coalesce("last.item_id", F.array().cast("array<string>")).alias("item_ids"),
        F.coalesce("last.event_type", F.array().cast("array<string>")).alias("event_types"),
        F.coalesce(ago, F.array().cast("array<float>")).alias("days_ago"),
        F.coalesce(times, F.array().cast("array<timestamp>")).alias("event_times"),
    )


def _number_of(days: Sequence[date], is_true: Callable[[date], Column]) -> Column:
    """The number of days for which a condition holds."""
    return reduce(add, (is_true(day).cast("int") for day in days), F.lit(0))
