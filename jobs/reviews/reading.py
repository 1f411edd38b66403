"""What other steps read of the reviews."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.broadcasts import broadcast_if_small
from features.contract import REVIEW_SENTIMENT
from features.derived.reviews import is_bad
from features.texts import with_low_ratings
from jobs.config.configuration import Config
from jobs.execution.night import Night
from jobs.tables.warehouse import Warehouse


def judged_reviews(tables: Warehouse, conf: Config) -> DataFrame | None:
    """review_sentiment with is_bad; None where reviews.read is off.

    Raises LongtailError when read_reviews has not run.
    """
    if not conf.reviews.read or conf.features.low_rating is None:
        return None
    bad = is_bad(conf.features.low_rating, conf.reviews.negative_from)
    return tables.read(REVIEW_SENTIMENT).withColumn("is_bad", bad)


def with_bad_reviews(night: Night, events: DataFrame) -> DataFrame:
    """The events with LOW_RATING as the type of bad reviews: by their rating, and by their text where it is read."""
    reviews, low_rating = judged_reviews(night.tables, night.conf), night.conf.features.low_rating
    if reviews is None:
        return with_low_ratings(events, low_rating)
    negative = reviews.where(F.col("is_bad") & F.col("rating").isNull()).select("event_id")
    count = negative.count()
    return with_low_ratings(events, low_rating, broadcast_if_small(negative, count) if count else None)


def words_of_bad_reviews(night: Night) -> str:
    """How the text of a review revokes an interest, in words that are equal for equal results; '' where none is read.

    Raises LongtailError when read_reviews has not run.
    """
    if not night.conf.reviews.read:
        return ""
    row = night.tables.read(REVIEW_SENTIMENT).agg(F.max("method").alias("method")).first()
    method = row["method"] if row is not None else None
    return f"texts from {night.conf.reviews.negative_from:g} by {method}" if method else ""
