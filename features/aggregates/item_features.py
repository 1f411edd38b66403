"""item_features: one row for each item and date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.aggregates.promotion_state import promotion_state
from features.aggregates.ranks import standing
from features.aggregates.windows import days_before_dates, second_within, windowed, with_defaults, within
from features.declarations import ITEM_FEATURES
from features.declarations.feature import summed
from features.point_in_time import midnight, versions_at
from features.segments import COLD, NONE, with_segment
from features.texts import with_item_text

_SECONDS_A_DAY = 86_400
_PRIOR_EXPOSURES = 20  # weight of the prior of a response share; below it an item's own share says little
_KEYWORDS = 8


def item_rows(
    items: DataFrame,
    daily_item: DataFrame,
    daily_pair: DataFrame,
    promotions: DataFrame,
    dates: Sequence[date],
    segment_days: int,
) -> DataFrame:
    """What is known of each item at each date on its own: attributes, sums of windows, promotions.

    items: the contract's versions; daily partials of at least all days before the dates. One row an item with a version
    before the date. `item_features` compares the rows
    with one another several times, so it is worth keeping them in memory.
    """
    rows = described(items, dates)
    for frame in (
        _of_days(daily_item, dates, segment_days),
        _of_pairs(daily_pair, dates),
        promotion_state(promotions, dates),
    ):
        rows = rows.join(frame, on=["as_of", "item_id"], how="left")
    return rows


def item_features(rows: DataFrame, forecasts: DataFrame, head_share: float) -> DataFrame:
    """The columns of item_features from `item_rows` and forecasts, which have the columns of demand_forecast."""
    sold = rows.where(F.col("segment_purchases") > 0)
    segments = with_segment(sold.select("as_of", "item_id", F.col("segment_purchases").alias("purchases")), head_share)
    whole = _with_response_shares(rows)
    demand = forecasts.select("as_of", "item_id", "mean_7d", "mean_28d", "low_28d", "high_28d")
    for frame in (segments, standing(rows), demand):
        whole = whole.join(frame, on=["as_of", "item_id"], how="left")
    segment = F.coalesce("segment", F.when(F.col("is_listed"), F.lit(COLD)).otherwise(F.lit(NONE)))
    before = F.coalesce(F.col("purchases_count_56d") - F.col("purchases_count_28d"), F.lit(0))
    cover = F.try_divide(F.col("stock_on_hand") * 28, F.col("mean_28d"))
    whole = whole.withColumns(
        {
            "segment": segment,
            "days_since_last_purchase": F.date_diff("as_of", "last_purchase_day"),
            "days_since_first_purchase": F.date_diff("as_of", "first_purchase_day"),
            "purchases_trend_28d": (F.coalesce("purchases_count_28d", F.lit(0)) + 1) / (before + 1),
            "weekend_share_90d": F.try_divide("weekend_purchases", "purchases_count_90d"),
            "repeat_share_90d": F.try_divide("repeaters", "buyers_count_90d"),
            "demand_next_7d": F.col("mean_7d"),
            "demand_next_28d": F.col("mean_28d"),
            "demand_low_28d": F.col("low_28d"),
            "demand_high_28d": F.col("high_28d"),
            "stock_cover_days": cover,
        }
    )
    return with_defaults(whole, "item_id", ITEM_FEATURES)


def described(items: DataFrame, dates: Sequence[date]) -> DataFrame:
    """The attributes of each item at each date, is_listed, is_eligible and days_since_listed.

    Listed: listed_at <= as_of < withdrawn_at. Eligible: listed, and in stock where the store tracks stock.
    """
    texts = with_item_text(items).withColumns(
        {"text_length": F.char_length("text"), "keywords": keywords(F.col("title"))}
    )
    at_date = versions_at(texts.drop("text", "attributes", "image_embedding", "description"), dates, "item_id")
    now = midnight("as_of")
    began = F.col("listed_at") <= now
    is_listed = began & (F.col("withdrawn_at").isNull() | (F.col("withdrawn_at") > now))
    in_stock = F.coalesce(F.col("stock_quantity") > 0, F.lit(True))
    since = (F.unix_seconds(now) - F.unix_seconds("listed_at")) / _SECONDS_A_DAY
    return at_date.select(
        "as_of",
        "item_id",
        "title",
        "category",
        "product_type",
        "brand",
        "provider_id",
        "text_hash",
        "text_length",
        "keywords",
        F.col("price").alias("list_price"),
        F.col("stock_quantity").alias("stock_on_hand"),
        F.col("stock_quantity").isNotNull().alias("is_stock_tracked"),
        is_listed.alias("is_listed"),
        (is_listed & in_stock).alias("is_eligible"),
        F.when(began, since).alias("days_since_listed"),
    )


def keywords(title: Column) -> Column:
    """The distinct words of three letters or more in lower case, in the order of the title, the first 8."""
    words = F.array_distinct(F.regexp_extract_all(F.lower(title), F.lit(r"(\p{L}{3,})"), F.lit(1)))
    return F.slice(words, 1, _KEYWORDS)


def _of_days(daily_item: DataFrame, dates: Sequence[date], segment_days: int) -> DataFrame:
    full_price = F.col("spend_sum") + F.col("discount_sum")
    dated = days_before_dates(daily_item.withColumn("full_price_sum", full_price.cast("decimal(18,4)")), dates)
    lines, bought = F.col("purchases_count"), F.col("purchases_count") > 0
    weekend = F.dayofweek("day").isin(1, 7)
    return windowed(
        dated,
        "item_id",
        summed(ITEM_FEATURES, "daily_item"),
        F.sum(within(segment_days, lines)).alias("segment_purchases"),
        F.sum(within(56, lines)).alias("purchases_count_56d"),
        F.sum(within(90, F.when(weekend, lines))).alias("weekend_purchases"),
        F.sum(within(90, F.col("spend_sum"))).alias("spend_units_90d"),
        *(F.sum(within(days, F.col("responses_weight"))).alias(f"responses_{days}d") for days in (28, 90)),
        F.max(F.when(bought, F.col("day"))).alias("last_purchase_day"),
        F.min(F.when(bought, F.col("day"))).alias("first_purchase_day"),
    )


def _of_pairs(daily_pair: DataFrame, dates: Sequence[date]) -> DataFrame:
    bought = daily_pair.where(F.col("purchases_count") > 0).select(
        "day", "item_id", "purchases_count", "previous_day", "earlier_day"
    )
    features = summed(ITEM_FEATURES, "daily_pair")
    longest = max(days for feature in features if (days := feature.days))
    dated = days_before_dates(bought, dates, longest)
    return windowed(dated, "item_id", features, F.count_if(second_within(90)).alias("repeaters"))


def _with_response_shares(rows: DataFrame) -> DataFrame:
    """(responses + 20 r) / (exposures + 20), where r is the share of all items: a few exposures say little."""
    lengths = (28, 90)
    overall = rows.groupBy("as_of").agg(
        *(
            F.coalesce(F.try_divide(F.sum(f"responses_{days}d"), F.sum(f"exposures_count_{days}d")), F.lit(0.0)).alias(
                f"overall_{days}d"
            )
            for days in lengths
        )
    )
    joined = rows.join(F.broadcast(overall), on="as_of", how="left")
    return joined.withColumns(
        {
            f"response_share_{days}d": smoothed_share(
                f"responses_{days}d", f"exposures_count_{days}d", f"overall_{days}d"
            )
            for days in lengths
        }
    )


def smoothed_share(part: str, whole: str, overall: str) -> Column:
    """The share of two columns, drawn to an overall share with the weight of 20."""
    parts, wholes = (F.coalesce(F.col(name), F.lit(0.0)) for name in (part, whole))
    return (parts + F.col(overall) * _PRIOR_EXPOSURES) / (wholes + _PRIOR_EXPOSURES)
