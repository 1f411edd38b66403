"""What of an item was promoted before a date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.point_in_time import dates_frame

_DAYS = 28


def promotion_state(promotions: DataFrame, dates: Sequence[date]) -> DataFrame:
    """as_of, item_id, promotions_count_28d, is_promoted, days_since_last_promotion of items with a promotion.

    promotions: the contract's item_id, valid_from, valid_to (the day after the last; NULL while it goes on). Those that
    began in the 28 days before a date count; is_promoted says whether one of them covers the day before it.
    """
    begun = (
        promotions.where(
            (F.col("valid_from") < F.lit(max(dates))) & (F.col("valid_from") >= F.date_sub(F.lit(min(dates)), _DAYS))
        )
        .groupBy("valid_from", "valid_to", "item_id")
        .agg(F.count(F.lit(1)).alias("places"))
    )
    inside = (F.col("valid_from") < F.col("as_of")) & (F.col("valid_from") >= F.date_sub("as_of", _DAYS))
    asked = F.broadcast(dates_frame(promotions.sparkSession, dates))
    goes_on = F.col("valid_to").isNull() | (F.col("valid_to") >= F.col("as_of"))
    return (
        begun.join(asked, on=inside, how="inner")
        .groupBy("as_of", "item_id")
        .agg(
            F.sum("places").alias("promotions_count_28d"),
            F.bool_or(goes_on).alias("is_promoted"),
            F.date_diff("as_of", F.max("valid_from")).alias("days_since_last_promotion"),
        )
    )
