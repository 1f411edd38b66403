"""Units, spending, listed price and promotion of each item by week, for the items whose prices are compared."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.point_in_time import utc_date, versions_at

_LEAST_SOLD = 8  # weeks


def price_weeks(
    items: DataFrame, daily_item: DataFrame, promotions: DataFrame, as_of: date, weeks: int, most_items: int
) -> DataFrame:
    """category, item_id, margin, and by week, the oldest first, arrays units, spend, list_price, promoted and listed.

    There are `weeks` weeks, the newest [as_of - 7 days, as_of). Items: those with a category, sales in 8 of the weeks
    or more, and a place among the `most_items` of their category that sold most units. Weeks without a sale have 0
    units.

    items: the contract's table of versions; category, margin and listing are those at as_of, list_price is that known
        at the beginning of each week, NULL before the first version
    daily_item: day, item_id, units_sum, spend_sum
    promotions: the contract's; promoted is the share of its stores that promoted the item on a day of the week
    """
    first = as_of - timedelta(days=7 * weeks)
    week = F.floor(F.date_diff("day", F.lit(first)) / 7).cast("int")
    sold = (
        daily_item.where((F.col("day") >= F.lit(first)) & (F.col("day") < F.lit(as_of)))
        .groupBy("item_id", week.alias("week"))
        .agg(F.sum("units_sum").alias("units"), F.sum("spend_sum").cast("double").alias("spend"))
        .where("units > 0")
    )
    by_item = sold.groupBy("item_id").agg(
        F.sum("units").alias("all_units"),
        F.count(F.lit(1)).alias("sold_weeks"),
        F.map_from_entries(F.collect_list(F.struct("week", "units"))).alias("units_of"),
        F.map_from_entries(F.collect_list(F.struct("week", "spend"))).alias("spend_of"),
    )
    now = versions_at(items, [as_of], "item_id").where("trim(category) <> ''")
    order = Window.partitionBy("category").orderBy(F.desc("all_units"), "item_id")
    chosen = (
        now.select("item_id", "category", "margin", "listed_at", "withdrawn_at")
        .join(by_item.where(F.col("sold_weeks") >= _LEAST_SOLD), on="item_id", how="inner")
        .withColumn("place", F.row_number().over(order))
        .where(F.col("place") <= most_items)
    )
    ids = chosen.select("item_id")
    prices = _list_prices(items.join(ids, on="item_id", how="left_semi"), first, weeks)
    promoted = _promoted(promotions, ids, first, weeks)
    joined = chosen.join(prices, on="item_id", how="left").join(promoted, on="item_id", how="left")

    def of_weeks(map_name: str, otherwise: Column) -> Column:
        numbers = F.sequence(F.lit(0), F.lit(weeks - 1))
        return F.transform(numbers, lambda number: F.coalesce(F.col(map_name)[number].cast("double"), otherwise))

    # Complete weeks only: in the week of its launch an item could be bought on fewer days.
    begins = F.date_diff(utc_date("listed_at"), F.lit(first))
    ends = F.coalesce(F.date_diff(utc_date("withdrawn_at"), F.lit(first)), F.lit(7 * weeks))
    listed = F.transform(
        F.sequence(F.lit(0), F.lit(weeks - 1)), lambda number: (number * 7 >= begins) & (number * 7 + 7 <= ends)
    )
    return joined.select(
        "category", "item_id", "margin",
        of_weeks("units_of", F.lit(0.0)).alias("units"),
        of_weeks("spend_of", F.lit(0.0)).alias("spend"),
        of_weeks("price_of", F.lit(None).cast("double")).alias("list_price"),
        of_weeks("promoted_of", F.lit(0.0)).alias("promoted"),
        listed.alias("listed"),
    )  # fmt: skip


def _list_prices(items: DataFrame, first: date, weeks: int) -> DataFrame:
    """item_id, price_of: map of week to the price known at its beginning."""
    begins = [first + timedelta(days=7 * number) for number in range(weeks)]
    known = versions_at(items.where("price > 0"), begins, "item_id")
    week = (F.date_diff("as_of", F.lit(first)) / 7).cast("int").alias("week")
    entries = known.select("item_id", F.struct(week, F.col("price").cast("double").alias("price")).alias("entry"))
    return entries.groupBy("item_id").agg(F.map_from_entries(F.collect_list("entry")).alias("price_of"))


def _promoted(promotions: DataFrame, ids: DataFrame, first: date, weeks: int) -> DataFrame:
    """item_id, promoted_of: map of week to the share of the stores of these promotions that promoted the item."""
    from_day = F.greatest(F.date_diff("valid_from", F.lit(first)), F.lit(0))
    last = F.lit(7 * weeks - 1)
    to_day = F.least(F.coalesce(F.date_diff("valid_to", F.lit(first)) - 1, last), last)
    spans = promotions.select("item_id", "store_id", from_day.alias("from_day"), to_day.alias("to_day")).distinct()
    within = spans.where("from_day <= to_day")
    stores = within.agg(F.count_distinct("store_id").alias("stores"))
    numbers = F.sequence(F.floor(F.col("from_day") / 7).cast("int"), F.floor(F.col("to_day") / 7).cast("int"))
    by_week = (
        within.join(ids, on="item_id", how="left_semi")
        .select("item_id", "store_id", F.explode(numbers).alias("week"))
        .groupBy("item_id", "week")
        .agg(F.count_distinct("store_id").alias("promoting"))
        .crossJoin(F.broadcast(stores))
    )
    entries = by_week.select(
        "item_id", F.struct("week", (F.col("promoting") / F.col("stores")).alias("share")).alias("entry")
    )
    return entries.groupBy("item_id").agg(F.map_from_entries(F.collect_list("entry")).alias("promoted_of"))
