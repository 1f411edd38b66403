"""Derived features of a shopper and an item: aggregate expressions over the dated rows of their daily partial."""

from __future__ import annotations

from functools import reduce
from operator import add

from pyspark.sql import Column
from pyspark.sql import functions as F

from features.derived.days import within

_ANSWERS = ("clicks_weight", "views_weight", "favourites_weight", "carts_weight", "purchases_count")


def days_since_last(column: str, days: int) -> Column:
    """Days since the last day with the event that a column counts; NULL without one in the last `days` days."""
    return F.date_diff("as_of", F.max(within(days, F.when(F.col(column) > 0, F.col("day")))))


def unanswered_exposures(days: int) -> Column:
    """Exposures of the last `days` days on days without an answer."""
    answers = reduce(add, (F.col(name) for name in _ANSWERS))
    return F.sum(within(days, F.when(answers <= 0, F.col("exposures_weight")).otherwise(F.lit(0.0))))
