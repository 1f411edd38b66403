"""How often shoppers come back and how often they respond: counts behind the chances of a young store."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.responses import PURCHASE


def response_counts(
    events: DataFrame, items: DataFrame, as_of: date, *, only_new: bool, response: str = PURCHASE
) -> DataFrame:
    """One row of the responses before `as_of`: shoppers, visits, days, pairs (long, 0 where nothing was).

    shoppers: with any response; visits: days of a shopper with a response; days: of all shoppers, after the day of
    their first one and before `as_of`; pairs: of a shopper and one of `items`, once if `only_new`, else once a day

    events: user_id (of shoppers), item_id, event_type, event_date; items: item_id, one row an item
    """
    responses = events.where((F.col("event_type") == response) & (F.col("event_date") < F.lit(as_of)))
    of_shopper = responses.groupBy("user_id").agg(
        F.countDistinct("event_date").alias("visits"), F.min("event_date").alias("first")
    )
    key = ["user_id", "item_id"] if only_new else ["user_id", "item_id", "event_date"]
    pairs = responses.join(items.select("item_id"), on="item_id", how="left_semi").select(*key).distinct()
    return of_shopper.agg(
        F.count("*").alias("shoppers"),
        F.coalesce(F.sum("visits"), F.lit(0)).alias("visits"),
        F.coalesce(F.sum(F.datediff(F.lit(as_of), "first") - 1), F.lit(0)).alias("days"),
    ).crossJoin(pairs.agg(F.count("*").alias("pairs")))
