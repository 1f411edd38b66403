"""How often shoppers come back and how much they buy: the counts behind the level of the chances of a young store."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def purchase_counts(events: DataFrame, items: DataFrame, as_of: date, *, only_new: bool) -> DataFrame:
    """One row of what was bought before `as_of`: shoppers, visits, days, pairs (long, 0 where nothing was).

    shoppers: who bought anything; visits: days of a shopper with a purchase; days: of all shoppers, after the day of
    their first purchase and before `as_of`; pairs: of a shopper and one of `items`, once if `only_new`, else once a day

    events: user_id, item_id, event_type, event_date; items: item_id, one row an item
    """
    bought = events.where((F.col("event_type") == "purchase") & (F.col("event_date") < F.lit(as_of)))
    of_shopper = bought.groupBy("user_id").agg(
        F.countDistinct("event_date").alias("visits"), F.min("event_date").alias("first")
    )
    key = ["user_id", "item_id"] if only_new else ["user_id", "item_id", "event_date"]
    pairs = bought.join(items.select("item_id"), on="item_id", how="left_semi").select(*key).distinct()
    return of_shopper.agg(
        F.count("*").alias("shoppers"),
        F.coalesce(F.sum("visits"), F.lit(0)).alias("visits"),
        F.coalesce(F.sum(F.datediff(F.lit(as_of), "first") - 1), F.lit(0)).alias("days"),
    ).crossJoin(pairs.agg(F.count("*").alias("pairs")))
