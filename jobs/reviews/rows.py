"""The reviews among the store's events, as rows of the step that reads them."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS
from jobs.execution.night import Night

OF_EVENT = ("event_id", "user_id", "visitor_id", "item_id")
_ORIGIN = (*OF_EVENT, "day", "rating", "text")


def store_reviews(night: Night) -> DataFrame:
    """event_id, user_id, visitor_id, item_id, day, rating, text, review_hash of each review with a rating or a text.

    Those of all days: a repeated older night leaves what newer nights have read.
    """
    is_review = (F.col("event_type") == "review") & (F.col("rating").isNotNull() | F.col("text").isNotNull())
    reviews = night.tables.read(EVENTS).where(is_review)
    rows = reviews.select(*OF_EVENT, F.col("event_date").alias("day"), "rating", "text")
    return rows.withColumn("review_hash", F.xxhash64(*_ORIGIN))
