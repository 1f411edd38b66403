"""Partial sums of one day: what every window is summed from."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import DAILY_ITEM, DAILY_USER
from features.contract.money import MONEY


def daily_item(events: DataFrame) -> DataFrame:
    """The columns of `daily_item` from purchases and exposures; other events leave no partial."""
    summed = _counted(events).groupBy("day", "item_id").agg(*_sums(), _members("user_id").alias("buyers"))
    return summed.select(*DAILY_ITEM.column_names)


def daily_user(events: DataFrame) -> DataFrame:
    """The columns of `daily_user` from purchases and exposures; purchases without a basket form none."""
    summed = (
        _counted(events)
        .groupBy("day", "user_id")
        .agg(
            *_sums(),
            F.size(_members("basket_id")).cast("long").alias("baskets_count"),
            _members("item_id").alias("items"),
            _members("store_id").alias("stores"),
        )
    )
    return summed.select(*DAILY_USER.column_names)


def _counted(events: DataFrame) -> DataFrame:
    is_purchase = F.col("event_type") == "purchase"
    return events.where(F.col("event_type").isin("purchase", "exposure")).select(
        F.col("event_date").alias("day"),
        "item_id",
        "user_id",
        "basket_id",
        "store_id",
        "quantity",
        "price",
        "discount",
        "sample_weight",
        is_purchase.alias("is_purchase"),
    )


def _sums() -> list[Column]:
    bought = F.col("is_purchase")
    return [
        F.count_if(bought).alias("purchases_count"),
        F.coalesce(F.sum(F.when(bought, F.col("quantity"))), F.lit(0)).alias("units_sum"),
        F.coalesce(F.sum(F.when(bought, F.col("price"))), F.lit(0)).cast(MONEY).alias("spend_sum"),
        F.coalesce(F.sum(F.when(bought, F.col("discount"))), F.lit(0)).cast(MONEY).alias("discount_sum"),
        F.coalesce(F.sum(F.when(~bought, F.col("sample_weight"))), F.lit(0.0)).alias("exposures_weight"),
    ]


def _members(column: str) -> Column:
    """The distinct values of a column among the purchases, sorted; NULL is none."""
    return F.array_sort(F.collect_set(F.when(F.col("is_purchase"), F.col(column))))
