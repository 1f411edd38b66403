"""Weekly sales of each item before a date, newest week first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.derived.days import days_before_dates

TRAINING_WEEKS = 26
HELD_OUT_WEEKS = 4
WEEKS = TRAINING_WEEKS + HELD_OUT_WEEKS


def weekly_sales(items: DataFrame, daily_item: DataFrame, dates: Sequence[date]) -> DataFrame:
    """as_of, item_id, category and weeks: array<bigint> with the purchase lines of WEEKS weeks, the newest first.

    items: as_of, item_id, category of the items known at each date. Week 0 is [as_of - 7 days, as_of), week 1 the one
    before. Items without sales have zeros.
    """
    week = F.floor((F.col("days_ago") - 1) / 7)
    sold = (
        days_before_dates(daily_item.select("day", "item_id", "purchases_count"), dates, 7 * WEEKS)
        .groupBy("as_of", "item_id")
        .agg(
            *(
                F.sum(F.when(week == number, F.col("purchases_count")).otherwise(F.lit(0))).alias(f"week_{number}")
                for number in range(WEEKS)
            )
        )
    )
    weeks = F.array(*(F.coalesce(f"week_{number}", F.lit(0)).cast("long") for number in range(WEEKS)))
    return items.join(sold, on=["as_of", "item_id"], how="left").select(
        "as_of", "item_id", "category", weeks.alias("weeks")
    )
