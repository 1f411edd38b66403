"""Promotions: one row for each product, store and week, with the locations of display and mailer."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.sources.complete_journey.weeks import first_day_of_week


def promotions(weekly: DataFrame, since: date | None) -> DataFrame:
    """item_id, store_id, placement, valid_from, valid_to of promotions whose week begins on `since` or later.

    A row without a week has no valid_from, and the contract rejects it.
    """
    mapped = weekly.select(
        F.col("product_id").cast("string").alias("item_id"),
        F.col("store_id").cast("string").alias("store_id"),
        placement().alias("placement"),
        first_day_of_week(F.col("week")).alias("valid_from"),
        F.date_add(first_day_of_week(F.col("week")), 7).alias("valid_to"),
    )
    return mapped if since is None else mapped.where(F.col("valid_from").isNull() | (F.col("valid_from") >= since))


def placement() -> Column:
    """The panel's codes of display and mailer location as one text."""
    return F.concat(F.lit("display "), "display_location", F.lit(", mailer "), "mailer_location")
