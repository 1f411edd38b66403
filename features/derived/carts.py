"""What shoppers put into the cart and left there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.derived.days import days_before_dates

_DAYS = 28


def left_in_cart(daily_pair: DataFrame, dates: Sequence[date]) -> DataFrame:
    """as_of, user_id, left_in_cart_count_28d: items put into the cart and not bought since, of 28 days.

    A purchase on the day of the last addition counts as one after it.
    """
    put, bought = F.col("carts_weight") > 0, F.col("purchases_count") > 0
    last = (
        days_before_dates(daily_pair.where(put | bought), dates, _DAYS)
        .groupBy("as_of", "user_id", "item_id")
        .agg(F.max(F.when(put, F.col("day"))).alias("put"), F.max(F.when(bought, F.col("day"))).alias("bought"))
    )
    left = last.where(F.col("bought").isNull() | (F.col("bought") < F.col("put")))
    return left.groupBy("as_of", "user_id").agg(F.count(F.lit(1)).alias("left_in_cart_count_28d"))
