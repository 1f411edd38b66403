"""Derived features of purchases: aggregate expressions over the dated rows of a daily partial, grouped by as_of."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from features.derived.days import first_within, second_within, total, within

_WEEKDAYS = range(7)  # Monday is 0, as in Spark's weekday
_WEEKEND = (5, 6)


def days_since_last_purchase() -> Column:
    return F.date_diff("as_of", F.max(_purchase_day()))


def days_since_first_purchase() -> Column:
    return F.date_diff("as_of", F.min(_purchase_day()))


def days_since_last_view() -> Column:
    return F.date_diff("as_of", F.max(F.when(F.col("views_weight") > 0, F.col("day"))))


def purchases_trend(days: int) -> Column:
    """(Lines of the last `days` days + 1) / (lines of as many days before + 1)."""
    # A sum over no rows is NULL, and so is a difference with it.
    recent, both = (F.coalesce(total(length, "purchases_count"), F.lit(0)) for length in (days, 2 * days))
    return (recent + 1) / (both - recent + 1)


def weekend_share(days: int) -> Column:
    """Share of the lines on Saturday or Sunday."""
    at_weekend = F.when(F.weekday("day").isin(*_WEEKEND), F.col("purchases_count"))
    return F.try_divide(F.sum(within(days, at_weekend)), total(days, "purchases_count"))


def weekday_shares(days: int) -> Column:
    """Share of the lines on each day of the week, Monday first; NULL without a line."""
    lines = total(days, "purchases_count")
    return F.when(lines > 0, F.array(*(F.try_divide(_weekday_lines(days, day), lines) for day in _WEEKDAYS)))


def repeat_share(days: int) -> Column:
    """Share of the pairs bought in the window that were bought on at least two of its days. Rows of daily_pair."""
    return F.try_divide(F.count_if(second_within(days)), F.count_if(first_within(days)))


def novelty_share(days: int) -> Column:
    """Share of the pairs bought in the window that were never bought before. Rows of daily_pair."""
    is_new = (F.col("purchases_count") > 0) & F.col("previous_day").isNull()
    return F.try_divide(F.count_if(is_new & (F.col("days_ago") <= days)), F.count_if(first_within(days)))


def visit_probability(days: int) -> Column:
    """(Days with a purchase + 1) / (days + 2): Laplace's rule of succession."""
    return (F.count_if(within(days, F.col("purchases_count") > 0)) + 1) / (days + 2)


def visit_gap_mean() -> Column:
    """Mean days from one day with a purchase to the next; NULL for fewer than two such days."""
    visits, day = F.count_if(F.col("purchases_count") > 0), _purchase_day()
    return F.when(visits > 1, F.date_diff(F.max(day), F.min(day)) / (visits - 1))


def _purchase_day() -> Column:
    return F.when(F.col("purchases_count") > 0, F.col("day"))


def _weekday_lines(days: int, weekday: int) -> Column:
    lines = F.when(F.weekday("day") == weekday, F.col("purchases_count")).otherwise(F.lit(0))
    return F.sum(within(days, lines))
