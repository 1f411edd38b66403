"""item_features: one row for each item and date."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.aggregates.windows import array_features, days_before_dates, distinct_members, windowed, with_defaults
from features.declarations import ITEM_FEATURES
from features.point_in_time import versions_at
from features.segments import COLD, NONE, with_segment
from features.texts import with_item_text

_SECONDS_A_DAY = 86_400


def item_segments(daily_item: DataFrame, dates: DataFrame, window_days: int, head_share: float) -> DataFrame:
    """as_of, item_id, segment (head or tail) of the items sold in the `window_days` before each date."""
    sold = (
        days_before_dates(daily_item, dates, window_days)
        .groupBy("as_of", "item_id")
        .agg(F.sum("purchases_count").alias("purchases"))
        .where(F.col("purchases") > 0)
        .select("as_of", "item_id", "purchases")
    )
    return with_segment(sold, head_share)


def item_features(items: DataFrame, daily_item: DataFrame, segments: DataFrame, dates: DataFrame) -> DataFrame:
    """The columns of item_features for each `as_of` of `dates`: every item with a version before it.

    items: the contract's versions. daily_item: at least all days before the dates. segments: of `item_segments`.
    """
    daily = daily_item.withColumn("full_price_sum", F.col("spend_sum") + F.col("discount_sum"))
    rows = described(items, dates).join(segments, on=["as_of", "item_id"], how="left")
    rows = rows.join(
        windowed(days_before_dates(daily, dates), "item_id", ITEM_FEATURES), on=["as_of", "item_id"], how="left"
    )
    for feature in array_features(daily, ITEM_FEATURES):
        rows = rows.join(distinct_members(daily, dates, "item_id", feature), on=["as_of", "item_id"], how="left")
    segment = F.coalesce("segment", F.when(F.col("is_listed"), F.lit(COLD)).otherwise(F.lit(NONE)))
    rows = rows.withColumn("segment", segment).withColumn(
        "days_since_last_purchase", F.date_diff("as_of", "last_purchase_day")
    )
    return with_defaults(rows, "item_id", ITEM_FEATURES)


def described(items: DataFrame, dates: DataFrame) -> DataFrame:
    """The attributes of each item at each date, is_listed, is_eligible and days_since_listed.

    Listed: listed_at <= as_of < withdrawn_at. Eligible: listed, and in stock where the store tracks stock.
    """
    at_date = versions_at(with_item_text(items).drop("text", "attributes", "image_embedding"), dates, "item_id")
    now = F.col("as_of").cast("timestamp")
    began = F.col("listed_at") <= now
    is_listed = began & (F.col("withdrawn_at").isNull() | (F.col("withdrawn_at") > now))
    in_stock = F.coalesce(F.col("stock_quantity") > 0, F.lit(True))
    since = (F.unix_timestamp(now) - F.unix_timestamp("listed_at")) / _SECONDS_A_DAY
    return at_date.select(
        "as_of",
        "item_id",
        "title",
        "category",
        "product_type",
        "brand",
        "provider_id",
        "text_hash",
        is_listed.alias("is_listed"),
        (is_listed & in_stock).alias("is_eligible"),
        F.when(began, since).alias("days_since_listed"),
    )
