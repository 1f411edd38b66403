"""What was known at a time, and nothing later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DateType, TimestampType

_MICROSECONDS_A_DAY = 86_400_000_000
_ASKED = 1  # place of a row among what bears its very time: before it 0, after it 2


def dates_frame(spark: SparkSession, dates: Sequence[date]) -> DataFrame:
    """One column as_of, one row a date."""
    return spark.sql("SELECT * FROM VALUES " + ", ".join(f"(DATE'{day}')" for day in dates) + " AS dates(as_of)")


def midnight(day: str) -> Column:
    """00:00 UTC of a DATE column as TIMESTAMP. A cast would take midnight of the session's time zone."""
    return F.timestamp_micros(F.unix_date(F.col(day)).cast("long") * F.lit(_MICROSECONDS_A_DAY))


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
    """Each row of `rows` with what `history` knew of its keys at the row's time: the join for training sets.

    `at` is the row's time, TIMESTAMP. `since` is the time of a row of history: a TIMESTAMP t is known to rows after t,
    not at t, as a version that begins or an event that happens then; a DATE is an as_of, whose features are of what was
    before its 00:00 UTC, so it is known from that moment on. Of several, the newest counts; of those of one time, the
    one with the largest `ties` (needed where history may hold a key and time twice with different values). With
    `max_age_days` what is older than that at the row's time is not taken.

    Returns all rows, as often as they were, with their columns and `columns` of history, NULL where nothing was known;
    a NULL in a key or time knows nothing. Raises ValueError where a column is missing or both sides have it.
    """
    _check_columns(rows, history, keys, at, since, columns, ties)
    is_date = isinstance(history.schema[since].dataType, DateType)
    began = F.unix_micros(midnight(since) if is_date else F.col(since))
    of_row, of_history = F.struct(*rows.columns), F.struct(began.alias("began"), *columns)
    nothing = F.lit(None)
    known = history.where(_all_present([*keys, since])).select(
        *keys,
        began.alias("__at"),
        F.lit(0 if is_date else 2).alias("__turn"),
        F.struct(*(F.col(name) for name in ties), F.lit(0)).alias("__ties"),
        of_history.alias("__known"),
        nothing.cast(_type_of(rows, of_row)).alias("__row"),
    )
    asked = rows.select(
        *keys,
        F.unix_micros(at).alias("__at"),
        F.lit(_ASKED).alias("__turn"),
        nothing.cast(_type_of(known, F.col("__ties"))).alias("__ties"),
        nothing.cast(_type_of(known, F.col("__known"))).alias("__known"),
        of_row.alias("__row"),
    )
    # One shuffle of both sides by the keys themselves, one sort: no text is made of keys that could run together.
    in_order = Window.partitionBy(*keys).orderBy("__at", "__turn", "__ties")
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    joined = (
        known.unionByName(asked)
        .withColumn("__known", F.last("__known", ignorenulls=True).over(so_far))
        .where(F.col("__turn") == _ASKED)
    )
    if max_age_days is not None:
        young = F.col("__known.began") >= F.col("__at") - F.lit(max_age_days * _MICROSECONDS_A_DAY)
        joined = joined.withColumn("__known", F.when(young, F.col("__known")))
    has_key = _all_present([f"__row.{name}" for name in (*keys, at)])
    return joined.select(
        *(F.col("__row")[name].alias(name) for name in rows.columns),
        *(F.when(has_key, F.col("__known")[name]).alias(name) for name in columns),
    )


def _all_present(columns: Sequence[str]) -> Column:
    return reduce(and_, (F.col(name).isNotNull() for name in columns))


def _type_of(frame: DataFrame, column: Column) -> DataType:
    return frame.select(column.alias("one")).schema["one"].dataType


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
        raise ValueError(f"The join misses the column {', '.join(missing)}.")
    both = [name for name in columns if name in rows.columns]
    if both or not keys:
        raise ValueError(f"The join needs keys, and columns that the rows do not have already: {', '.join(both)}.")
    if not isinstance(rows.schema[at].dataType, TimestampType):
        raise ValueError(f"{at} is not a TIMESTAMP.")
