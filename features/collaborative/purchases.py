"""Purchases before a date as the row numbers that collaborative statistics use."""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.contract.responses import met_by
from features.visitors import actor


def responses_before(events: DataFrame, item_rows: DataFrame, as_of: date, response: str) -> DataFrame:
    """`events_before` of the responses and the purchases: one row an event."""
    of_types = [events_before(events, item_rows, as_of, event_type) for event_type in met_by(response)]
    return reduce(DataFrame.unionByName, of_types)


def events_before(events: DataFrame, item_rows: DataFrame, as_of: date, event_type: str) -> DataFrame:
    """user_id, item_row, store_id, days_ago (float, days before as_of 00:00 UTC): one row an event of the type.

    user_id is the actor: an event of a visitor without a shopper counts for items, and no shopper has its user_id.
    `item_rows` has item_id and item_row; it is on the item side and small, so it is broadcast.
    """
    return (
        events.where((F.col("event_type") == event_type) & (F.col("event_date") < F.lit(as_of)))
        .join(F.broadcast(item_rows), on="item_id", how="inner")
        .select(actor().alias("user_id"), "item_row", "store_id", days_before(as_of).alias("days_ago"))
    )


def days_before(as_of: date) -> Column:
    """float: days from event_time to as_of 00:00 UTC."""
    seconds = F.lit(as_of).cast("timestamp").cast("long") - F.col("event_time").cast("long")
    return (seconds / 86400.0).cast("float")


def numbered_shoppers(users: DataFrame) -> DataFrame:
    """user_id, user_row: 0, 1, … in the order of user_id.

    One task of an executor sorts all ids: 12 s for 10 million of them.
    """
    number = F.row_number().over(
        Window.partitionBy().orderBy("user_id").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    return users.select("user_id", (number - 1).cast("int").alias("user_row"))


def _decayed(half_life_days: float) -> Column:
    """Sum of 0.5 ^ (days_ago / half-life), in whole millionths, so that it is independent of the order of the rows."""
    weight = F.pow(F.lit(0.5), F.col("days_ago") / half_life_days)
    return F.sum(F.round(weight * 1e6).cast("long")) / 1e6


def sales_by_item(purchases: DataFrame, half_lives: dict[str, float]) -> DataFrame:
    """item_row, lines, buyers, first_days, last_days, and per name of `half_lives` the decayed purchases.

    A purchase `half_lives[name]` days ago counts 0.5; first_days and last_days are days before the date.
    """
    sums = [_decayed(half_life).alias(name) for name, half_life in half_lives.items()]
    return (
        purchases.groupBy("item_row")
        .agg(
            F.count("*").alias("lines"),
            F.countDistinct("user_id").alias("buyers"),
            F.max("days_ago").alias("first_days"),
            F.min("days_ago").alias("last_days"),
            *sums,
        )
        .select("item_row", "lines", "buyers", "first_days", "last_days", *half_lives)
    )


def decayed_by_store_and_item(purchases: DataFrame, half_life_days: float) -> DataFrame:
    """store_id, item_row, decayed: the decayed purchases in each store."""
    known = purchases.where("store_id IS NOT NULL")
    sums = known.groupBy("store_id", "item_row").agg(_decayed(half_life_days).alias("decayed"))
    return sums.where("decayed > 0").select("store_id", "item_row", "decayed")


def promoted_share_by_store_and_item(promotions: DataFrame, item_rows: DataFrame, as_of: date, days: int) -> DataFrame:
    """store_id, item_row, share: promotions per week that began in the last `days` days before as_of."""
    first = F.date_sub(F.lit(as_of), days)
    recent = promotions.where((F.col("valid_from") >= first) & (F.col("valid_from") < F.lit(as_of)))
    # Few rows share their days, so nearly all of them are shuffled: once, by number instead of id.
    numbered = recent.join(F.broadcast(item_rows), on="item_id", how="inner")
    share = F.count_distinct("valid_from") / (days / 7.0)
    counted = numbered.groupBy("store_id", "item_row").agg(share.alias("share"))
    return counted.select("store_id", "item_row", "share")


def shopper_arrays(
    purchases: DataFrame,
    shoppers: DataFrame,
    store_rows: DataFrame,
    user_factors: DataFrame,
    user_texts: DataFrame,
    block_users: int,
) -> DataFrame:
    """One row a shopper: user_id, block, items, days, stores (arrays, newest first), factors, text.

    `shoppers` has user_id and user_row, a block is `block_users` consecutive rows; `stores` holds -1 for no store;
    factors and text are NULL if the shopper has none. Ties in time are ordered by item and store.
    """
    known = purchases.join(F.broadcast(store_rows), on="store_id", how="left").select(
        "user_id",
        F.struct("days_ago", "item_row", F.coalesce("store_row", F.lit(-1)).cast("int").alias("store_row")).alias(
            "line"
        ),
    )
    lists = known.groupBy("user_id").agg(F.sort_array(F.collect_list("line")).alias("all"))
    return (
        shoppers.join(lists, on="user_id", how="left")
        .join(user_factors.withColumnRenamed("row", "user_row"), on="user_row", how="left")
        .join(user_texts.select("user_id", F.col("embedding").alias("text")), on="user_id", how="left")
        .select(
            "user_id",
            F.floor(F.col("user_row") / block_users).cast("int").alias("block"),
            F.coalesce("all.item_row", F.array().cast("array<int>")).alias("items"),
            F.coalesce("all.days_ago", F.array().cast("array<float>")).alias("days"),
            F.coalesce("all.store_row", F.array().cast("array<int>")).alias("stores"),
            "factors",
            "text",
        )
    )
