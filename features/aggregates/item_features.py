"""item_features: one row for each item and date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.aggregates.windows import computed, pairs_before_dates, windowed, with_defaults
from features.contract.responses import DAILY_COUNT, PURCHASE
from features.contract.segments import COLD, NONE
from features.declarations import ITEM_FEATURES
from features.declarations.items import RESPONSE_WINDOWS
from features.derived.catalogue import FOUND, is_listed
from features.derived.days import days_before_dates, total
from features.derived.funnel import with_funnel_shares
from features.derived.promotions import promotions_before_dates
from features.derived.ranks import standing
from features.derived.responses import with_response_shares
from features.derived.reviews import BAD_SHARE, REVIEW_DAYS, judged, newest_reviews, with_bad_share
from features.point_in_time import versions_at
from features.segments import with_segment
from features.texts import with_item_text


def item_rows(
    items: DataFrame,
    daily_item: DataFrame,
    daily_pair: DataFrame,
    promotions: DataFrame,
    dates: Sequence[date],
    segment_days: int,
    response: str = PURCHASE,
    enriched: DataFrame | None = None,
    reviews: DataFrame | None = None,
) -> DataFrame:
    """Features that need no other item's row, and what `item_features` compares items by.

    One row an item with a version before the date. `item_features` reads the rows several times: persist them.

    items: the contract's versions
    daily_item, daily_pair: daily partials of at least all days before the dates
    response: a type of event, by whose counts of the last `segment_days` days items are head, tail or cold
    enriched: text_hash and columns of FOUND of each text; None where nothing is looked for
    reviews: review_sentiment with is_bad; None where reviews are not read
    """
    rows = _described(items, dates, enriched)
    compared = (
        total(segment_days, DAILY_COUNT[response]).alias("segment_responses"),
        total(90, "spend_sum").alias("spend_units_90d"),
        *(total(days, "responses_weight").alias(f"responses_{days}d") for days in RESPONSE_WINDOWS),
    )
    of_days = days_before_dates(daily_item, dates)
    of_pairs = pairs_before_dates(daily_pair, dates, ITEM_FEATURES)
    frames = [
        windowed(of_days, "item_id", ITEM_FEATURES, "daily_item", *compared),
        windowed(of_pairs, "item_id", ITEM_FEATURES, "daily_pair"),
        promotion_features(promotions, dates),
    ]
    if reviews is not None:
        newest = newest_reviews(reviews, dates, REVIEW_DAYS)
        frames.append(windowed(newest, "item_id", ITEM_FEATURES, "review_sentiment", *judged()))
    for frame in frames:
        rows = rows.join(frame, on=["as_of", "item_id"], how="left")
    return rows if reviews is not None else rows.withColumns(_without_reviews())


def item_features(rows: DataFrame, forecasts: DataFrame, head_share: float) -> DataFrame:
    """The columns of item_features from `item_rows` and the forecasts, which have the columns of demand_forecast."""
    met = rows.where(F.col("segment_responses") > 0)
    segments = with_segment(met.select("as_of", "item_id", F.col("segment_responses").alias("responses")), head_share)
    demand = forecasts.select("as_of", "item_id", "mean_7d", "mean_28d", "low_28d", "high_28d")
    joined = with_funnel_shares(with_response_shares(rows, RESPONSE_WINDOWS))
    if BAD_SHARE not in rows.columns:
        joined = with_bad_share(joined)
    for frame in (segments, standing(rows), demand):
        joined = joined.join(frame, on=["as_of", "item_id"], how="left")
    unmet = F.when(F.col("is_listed"), F.lit(COLD)).otherwise(F.lit(NONE))
    features = joined.withColumn("segment", F.coalesce("segment", unmet)).select(
        *joined.columns, *computed(ITEM_FEATURES, "demand_forecast")
    )
    return with_defaults(features, "item_id", ITEM_FEATURES)


def promotion_features(promotions: DataFrame, dates: Sequence[date]) -> DataFrame:
    """as_of, item_id and the features of promotions, of items with a promotion in the 28 days before the date."""
    return windowed(promotions_before_dates(promotions, dates), "item_id", ITEM_FEATURES, "promotions")


def _without_reviews() -> dict[str, Column]:
    return {
        feature.name: F.lit(None).cast(feature.type) for feature in ITEM_FEATURES if feature.table == "review_sentiment"
    }


def _described(items: DataFrame, dates: Sequence[date], enriched: DataFrame | None) -> DataFrame:
    """as_of, item_id, is_listed and the features of the item's version at each date."""
    texts = with_item_text(items).withColumn("text_length", F.char_length("text"))
    unused = ("text", "attributes", "image_embedding", "image_uri", "description")
    at_date = versions_at(texts.drop(*unused), dates, "item_id")
    if enriched is not None:
        at_date = at_date.join(enriched, on="text_hash", how="left")
    absent = {name: F.lit(None).cast(kind) for name, kind in FOUND.items() if name not in at_date.columns}
    at_date = at_date.withColumns(absent)
    return at_date.select("as_of", "item_id", is_listed().alias("is_listed"), *computed(ITEM_FEATURES, "items"))
