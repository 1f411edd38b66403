"""Weekly responses of known shoppers before a date, by which the level of the chances follows the season."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def response_weeks(users: DataFrame, daily: DataFrame, counted: str, as_of: date, weeks: int) -> DataFrame:
    """week, responses: the sum of `counted` over the shoppers who had signed up before the week.

    Week 0 is [as_of - 7 days, as_of), week 1 the one before; weeks without such responses have no row.

    users: user_id, signed_up_at; daily: day, user_id and the column `counted`
    """
    counts = daily.where(
        (F.col("day") < F.lit(as_of)) & (F.col("day") >= F.date_sub(F.lit(as_of), 7 * weeks)) & (F.col(counted) > 0)
    ).select("user_id", _week(as_of, F.col("day")).alias("week"), F.col(counted).alias("responses"))
    known = users.select("user_id", _week(as_of, _signed_up_on()).alias("signed_up"))
    return (
        counts.join(known, on="user_id", how="inner")
        .where(F.col("signed_up") > F.col("week"))
        .groupBy("week")
        .agg(F.sum("responses").alias("responses"))
    )


def shoppers_by_week(users: DataFrame, as_of: date) -> DataFrame:
    """week, shoppers: how many signed up in each week before `as_of`, counted as in `response_weeks`."""
    before = users.where(_signed_up_on() < F.lit(as_of))
    return before.groupBy(_week(as_of, _signed_up_on()).alias("week")).agg(F.count(F.lit(1)).alias("shoppers"))


def _week(as_of: date, day: Column) -> Column:
    return F.floor((F.date_diff(F.lit(as_of), day) - 1) / 7).cast("int")


def _signed_up_on() -> Column:
    # Not a cast to date, which depends on the session's time zone.
    return F.date_from_unix_date(F.floor(F.unix_micros("signed_up_at") / 86_400_000_000).cast("int"))
