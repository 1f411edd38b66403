"""Features of an item's reviews: their number, the share of bad ones, and the trend of these."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.derived.days import days_before_dates, within
from features.derived.shares import with_shrunk_shares
from features.visitors import actor

REVIEW_DAYS = 90
BAD_SHARE = f"bad_reviews_share_{REVIEW_DAYS}d"
COUNTS = ("bad_reviews", "judged_reviews")  # columns of item_rows that with_bad_share reads


def is_bad(low_rating: float, negative_from: float) -> Column:
    """Whether a review of review_sentiment is bad: by its rating, without one by its text; NULL if neither says."""
    by_text = F.col("negative") >= negative_from
    return F.when(F.col("rating").isNotNull(), F.col("rating") <= low_rating).otherwise(by_text)


def newest_reviews(reviews: DataFrame, dates: Sequence[date], days: int) -> DataFrame:
    """as_of, item_id, event_id, days_ago, is_bad of the newest review of each author and item before each date.

    Only reviews of the last `days` days count. A shopper who writes a hundred reviews of an item counts once.

    reviews: review_sentiment with is_bad
    """
    newest = F.max(F.struct(-F.col("days_ago"), "event_id", "days_ago", "is_bad")).alias("newest")
    of_author = days_before_dates(reviews, dates, days).groupBy("as_of", "item_id", actor().alias("author"))
    return of_author.agg(newest).select("as_of", "item_id", "newest.event_id", "newest.days_ago", "newest.is_bad")


def reviews_count(days: int) -> Column:
    return F.count(within(days, F.lit(1)))


def bad_reviews_trend(days: int) -> Column:
    """(Bad reviews of the last `days` days + 1) / (those of as many days before + 1)."""
    recent, both = (F.count_if(within(length, F.col("is_bad"))) for length in (days, 2 * days))
    return (recent + 1) / (both - recent + 1)


def judged() -> tuple[Column, Column]:
    """The aggregates that `with_bad_share` reads: bad reviews, and those that are known to be bad or not."""
    bad, known = COUNTS
    return F.count_if("is_bad").alias(bad), F.count("is_bad").alias(known)


def with_bad_share(rows: DataFrame) -> DataFrame:
    """Adds bad_reviews_share_90d = (bad + 20 r) / (judged + 20), r the share over all rows of the date.

    NULL where no item of the date has a judged review. rows: as_of and the aggregates of `judged`
    """
    bad, known = COUNTS
    return with_shrunk_shares(rows, {BAD_SHARE: (F.col(bad), F.col(known))}, overall_of_none=None)
