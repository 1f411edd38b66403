"""Events of the panel: all purchases, and exposures as a sample of the promotions that shoppers saw in the store."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.money import MONEY
from jobs.sources.complete_journey.promotions import placement
from jobs.sources.complete_journey.weeks import week_of, week_of_date

FUEL = "GASOLINE%"
_BUCKETS = 1 << 31

_COLUMNS = (
    "event_id", "user_id", "item_id", "event_type", "event_time", "event_date", "ingested_at", "quantity", "price",
    "discount", "store_id", "basket_id", "placement", "sample_weight",
)  # fmt: skip


def purchases(lines: DataFrame, products: DataFrame, since: date | None) -> DataFrame:
    """One event for each basket line from `since` on; the contract rejects a line without a time.

    Fuel is recorded in hundredths of a gallon: its quantity is set to 1, so that units stay comparable.
    """
    wanted = lines
    if since is not None:
        time = F.col("transaction_timestamp")
        wanted = lines.where(time.isNull() | (time >= F.lit(since)))
    fuel = products.where(F.col("product_type").like(FUEL)).select("product_id", F.lit(True).alias("is_fuel"))
    return wanted.join(F.broadcast(fuel), on="product_id", how="left").select(
        F.concat_ws("-", F.lit("purchase"), "basket_id", "product_id").alias("event_id"),
        F.col("household_id").cast("string").alias("user_id"),
        F.col("product_id").cast("string").alias("item_id"),
        F.lit("purchase").alias("event_type"),
        F.col("transaction_timestamp").alias("event_time"),
        F.to_date("transaction_timestamp").alias("event_date"),
        F.col("transaction_timestamp").alias("ingested_at"),
        F.when(F.col("is_fuel"), F.lit(1)).otherwise(F.col("quantity")).cast("long").alias("quantity"),
        F.col("sales_value").cast(MONEY).alias("price"),
        (F.col("retail_disc") + F.col("coupon_disc") + F.col("coupon_match_disc")).cast(MONEY).alias("discount"),
        F.col("store_id").cast("string").alias("store_id"),
        F.col("basket_id").cast("string").alias("basket_id"),
        F.lit(None).cast("string").alias("placement"),
        F.lit(1.0).alias("sample_weight"),
    )


def exposures(lines: DataFrame, weekly: DataFrame, share: float, since: date | None, before: date) -> DataFrame:
    """Exposures with event_time in [since, before).

    A share of the promotions (product, store, week) is drawn by hash. Each household that bought in the store in that
    week saw them once, at the time of its first basket there. Each row represents 1 / share exposures.
    """
    drawn = weekly.where(
        F.pmod(F.xxhash64("product_id", "store_id", "week"), F.lit(_BUCKETS)) < F.lit(int(share * _BUCKETS))
    ).where(F.col("week") <= week_of_date(before))
    timed = lines.where(F.col("transaction_timestamp") < F.lit(before))
    if since is not None:
        # The first basket of the week of `since`, and with it the exposure, may be earlier.
        drawn = drawn.where(F.col("week") >= week_of_date(since))
        timed = timed.where(week_of(F.to_date("transaction_timestamp")) >= week_of_date(since))
    shown = drawn.groupBy("product_id", "store_id", "week").agg(F.min(placement()).alias("placement"))
    visits = timed.groupBy("household_id", "store_id", week_of(F.to_date("transaction_timestamp")).alias("week")).agg(
        F.min("transaction_timestamp").alias("event_time")
    )
    seen = visits.join(F.broadcast(shown), on=["store_id", "week"], how="inner")
    if since is not None:
        seen = seen.where(F.col("event_time") >= F.lit(since))
    return seen.select(
        F.concat_ws("-", F.lit("exposure"), "week", "store_id", "product_id", "household_id").alias("event_id"),
        F.col("household_id").cast("string").alias("user_id"),
        F.col("product_id").cast("string").alias("item_id"),
        F.lit("exposure").alias("event_type"),
        "event_time",
        F.to_date("event_time").alias("event_date"),
        F.col("event_time").alias("ingested_at"),
        F.lit(0).cast("long").alias("quantity"),
        F.lit(0).cast(MONEY).alias("price"),
        F.lit(0).cast(MONEY).alias("discount"),
        F.col("store_id").cast("string").alias("store_id"),
        F.lit(None).cast("string").alias("basket_id"),
        "placement",
        F.lit(1 / share if share else 1.0).alias("sample_weight"),
    ).select(*_COLUMNS)
