"""The items that shoppers responded to by day, of responses that the daily partials of shoppers do not count."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.responses import DAILY_COUNT, met_by


def response_days(daily_pair: DataFrame, response: str, *, only_new: bool) -> DataFrame:
    """day, user_id, responses: the items that a shopper responded to on a day.

    only_new: an item counts on the first day alone, and not after a purchase of it
    daily_pair: day, user_id, item_id and the counts of DAILY_COUNT
    """
    responded = F.col(DAILY_COUNT[response]) > 0
    if only_new:
        met = [F.min(F.when(F.col(DAILY_COUNT[kind]) > 0, F.col("day"))) for kind in met_by(response)]
        pairs = daily_pair.groupBy("user_id", "item_id").agg(
            F.min(F.when(responded, F.col("day"))).alias("day"), F.least(*met).alias("met")
        )
        pairs = pairs.where(F.col("day") <= F.col("met"))
    else:
        pairs = daily_pair.where(responded).select("day", "user_id", "item_id").distinct()
    return pairs.groupBy("day", "user_id").agg(F.count("*").alias("responses"))
