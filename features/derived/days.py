"""The days before each date, for many dates in one pass, and the sums of windows over them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType

from features.contract.money import minor_units
from features.point_in_time import dates_frame


def days_before_dates(daily: DataFrame, dates: Sequence[date], days: int | None = None) -> DataFrame:
    """Each daily row once for every date whose window [as_of - days, as_of) holds it; for None, the complete past.

    Adds as_of and days_ago (1 is the day before as_of). Amounts of money become LONG ten-thousandths.
    """
    amounts = {field.name: minor_units(field.name) for field in daily.schema if isinstance(field.dataType, DecimalType)}
    inside = F.col("day") < F.col("as_of")
    if days is not None:
        inside = inside & (F.col("day") >= F.date_sub("as_of", days))
        daily = daily.where(F.col("day") >= F.date_sub(F.lit(min(dates)), days))
    wanted = F.broadcast(dates_frame(daily.sparkSession, dates))
    return (
        daily.where(F.col("day") < F.lit(max(dates)))
        .withColumns(amounts)
        .join(wanted, on=inside, how="inner")
        .select("as_of", F.date_diff("as_of", "day").alias("days_ago"), *daily.columns)
    )


def within(days: int | None, value: Column) -> Column:
    """The value of a dated row of the last `days` days, NULL for an older one; for None, the value of every row."""
    return value if days is None else F.when(F.col("days_ago") <= days, value)


def total(days: int | None, *columns: str) -> Column:
    """Sum of the columns over the rows of the last `days` days: exact for whole numbers and money."""
    value = F.col(columns[0])
    for name in columns[1:]:
        value = value + F.col(name)
    return F.sum(within(days, value))


def first_within(days: int) -> Column:
    """Whether a row is the pair's first purchase day in the window: their number is that of distinct pairs."""
    before = F.col("previous_day").isNull() | (F.date_diff("as_of", "previous_day") > days)
    return (F.col("purchases_count") > 0) & (F.col("days_ago") <= days) & before


def second_within(days: int) -> Column:
    """Whether a row is the pair's second purchase day in the window: their number is that of repeated pairs."""
    before = F.col("earlier_day").isNull() | (F.date_diff("as_of", "earlier_day") > days)
    return (F.col("days_ago") <= days) & (F.date_diff("as_of", "previous_day") <= days) & before
