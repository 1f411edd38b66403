"""The panel's weeks: week w covers the 7 days from 2016-12-26 + 7 (w - 1), Monday to Sunday."""

from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

PANEL_START = date(2017, 1, 1)
FIRST_WEEK = date(2016, 12, 26)


def first_day_of_week(week: Column) -> Column:
    """DATE of the first day of a week's number."""
    return F.date_add(F.lit(FIRST_WEEK), ((week - 1) * 7).cast("int"))


def week_of(day: Column) -> Column:
    """Number of the week of a day."""
    return (F.floor(F.date_diff(day, F.lit(FIRST_WEEK)) / 7) + 1).cast("long")


def week_of_date(day: date) -> int:
    """Number of the week of a day."""
    return (day - FIRST_WEEK).days // 7 + 1
