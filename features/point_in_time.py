"""Joins with the values that were known at a time, and with nothing later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import DateType, TimestampType

_MICROSECONDS_A_DAY = 86_400_000_000


def dates_frame(spark: SparkSession, dates: Sequence[date]) -> DataFrame:
    """One column as_of, one row for each date."""
    return spark.sql("SELECT * FROM VALUES " + ", ".join(f"(DATE'{day}')" for day in dates) + " AS dates(as_of)")


def midnight(day: str) -> Column:
    """00:00 UTC of a DATE column as TIMESTAMP. A cast would use midnight in the session's time zone."""
    return F.timestamp_micros(F.unix_date(F.col(day)).cast("long") * F.lit(_MICROSECONDS_A_DAY))


def utc_date(time: str) -> Column:
    """The day of a TIMESTAMP column in UTC. A cast would use the session's time zone."""
    return F.date_from_unix_date(F.floor(F.unix_micros(time) / F.lit(_MICROSECONDS_A_DAY)).cast("int"))


def versions_at(versions: DataFrame, dates: Sequence[date], key: str) -> DataFrame:
    """The newest version of each key with valid_from < as_of, for every date.

    Adds as_of to the columns; a key without a version before a date has no row for it. A version that begins at as_of
    00:00 UTC is not known yet, as an event at that time is not.
    """
    in_order = Window.partitionBy(key).orderBy("valid_from")
    followed = versions.withColumn("followed_at", F.lead("valid_from").over(in_order))
    now = midnight("as_of")
    newest = (F.col("valid_from") < now) & (F.col("followed_at").isNull() | (F.col("followed_at") >= now))
    asked = F.broadcast(dates_frame(versions.sparkSession, dates))
    return followed.join(asked, on=newest, how="inner").select("as_of", *versions.columns)


def join_as_known(
    rows: DataFrame,
    history: DataFrame,
    keys: Sequence[str],
    *,
    at: str,
    since: str,
    columns: Sequence[str],
    ties: Sequence[str] = (),
    max_age_days: int | None = None,
) -> DataFrame:
    """Each row of `rows` with the values of its keys in `history` that were known at the row's time: the join for
    training sets.

    Returns all rows, each as often as it occurs, with their columns and `columns` of history, NULL if nothing was
    known; a row with a NULL key or time matches nothing. Of several matches the newest counts.

    Raises ValueError if a column is missing, or if both sides have it.

    at: the row's time, TIMESTAMP
    since: time of a row of history: a TIMESTAMP t, such as of an event or a version, is known after t, not at t; a DATE
        is an as_of, whose features come from before its 00:00 UTC, and is known from that moment on
    ties: of matches of equal time the largest counts; needed if history may have a key and time twice with different
        values
    max_age_days: values that are older at the row's time are not used
    """
    _check_columns(rows, history, keys, at, since, columns, ties)
    is_date = isinstance(history.schema[since].dataType, DateType)
    began = F.unix_micros(midnight(since) if is_date else F.col(since))
    # Each row of history is valid until the next of its keys: a row of `rows` is in at most one such span. Of equal
    # times all but the last have an empty span. Keys are compared by column: concatenated they could be ambiguous.
    in_order = Window.partitionBy(*(f"__{name}" for name in keys)).orderBy("__began", *(f"__tie_{n}" for n in ties))
    spans = (
        history.where(_all_present([*keys, since]))
        .select(
            *(F.col(name).alias(f"__{name}") for name in keys),
            began.alias("__began"),
            *columns,
            *(F.col(name).alias(f"__tie_{name}") for name in ties),
        )
        .withColumn("__next", F.lead("__began").over(in_order))
    )
    now = F.unix_micros(at)
    after = (now >= F.col("__began")) if is_date else (now > F.col("__began"))
    before = (now < F.col("__next")) if is_date else (now <= F.col("__next"))
    within = after & (F.col("__next").isNull() | before)
    if max_age_days is not None:
        within = within & (F.col("__began") >= now - F.lit(max_age_days * _MICROSECONDS_A_DAY))
    same = reduce(and_, (F.col(name) == F.col(f"__{name}") for name in keys))
    return rows.join(spans, on=same & within, how="left").select(*rows.columns, *columns)


def _all_present(columns: Sequence[str]) -> Column:
    return reduce(and_, (F.col(name).isNotNull() for name in columns))


def _check_columns(
    rows: DataFrame,
    history: DataFrame,
    keys: Sequence[str],
    at: str,
    since: str,
    columns: Sequence[str],
    ties: Sequence[str],
) -> None:
    missing = [name for name in (*keys, at) if name not in rows.columns]
    missing += [name for name in (*keys, since, *columns, *ties) if name not in history.columns]
    if missing:
        raise ValueError(f"The join lacks the column {', '.join(missing)}.")
    both = [name for name in columns if name in rows.columns]
    if both or not keys:
        raise ValueError(f"The join needs keys, and columns that the rows do not have yet: {', '.join(both)}.")
    if not isinstance(rows.schema[at].dataType, TimestampType):
        raise ValueError(f"{at} is not a TIMESTAMP.")
