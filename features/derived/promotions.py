"""Features of an item's promotions before a date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.point_in_time import dates_frame

PROMOTION_DAYS = 28


def promotions_before_dates(promotions: DataFrame, dates: Sequence[date]) -> DataFrame:
    """as_of, item_id, valid_from, valid_to, places of the promotions that began in the 28 days before each date.

    places: number of stores and placements with these dates. promotions: the contract's item_id, valid_from, valid_to
    (the day after the last; NULL for an open end).
    """
    first, last = min(dates), max(dates)
    begun = (
        promotions.where(
            (F.col("valid_from") < F.lit(last)) & (F.col("valid_from") >= F.date_sub(F.lit(first), PROMOTION_DAYS))
        )
        .groupBy("valid_from", "valid_to", "item_id")
        .agg(F.count(F.lit(1)).alias("places"))
    )
    inside = (F.col("valid_from") < F.col("as_of")) & (F.col("valid_from") >= F.date_sub("as_of", PROMOTION_DAYS))
    return begun.join(F.broadcast(dates_frame(promotions.sparkSession, dates)), on=inside, how="inner")


def promotions_count() -> Column:
    return F.sum("places")


def is_promoted() -> Column:
    """Whether a promotion covers the day before as_of."""
    return F.bool_or(F.col("valid_to").isNull() | (F.col("valid_to") >= F.col("as_of")))


def days_since_last_promotion() -> Column:
    return F.date_diff("as_of", F.max("valid_from"))
