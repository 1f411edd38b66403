"""The rating and the chance of negative of each new review."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import REVIEW_SENTIMENT
from jobs.execution.night import Night
from model.reviews.sentiment import Sentiment

BLOCK = 2_000  # reviews whose terms a worker holds
_KEY = ["event_id", "review_hash"]
_TAKEN = [name for name in REVIEW_SENTIMENT.column_names if name not in ("negative", "method")]


def write_sentiment(night: Night, reviews: DataFrame, method: str, sentiment: Sentiment | None) -> int:
    """Adds the reviews that are new or corrected, all again with another method; drops those that are gone.

    Returns the number that was read. reviews: the columns of store_reviews
    """
    night.tables.prepare(REVIEW_SENTIMENT)
    stored = night.tables.read(REVIEW_SENTIMENT)
    of_method = stored.where(F.col("method") == method)
    new = reviews.join(of_method.select(*_KEY), on=_KEY, how="left_anti")
    scored = _scored(night, new, method, sentiment).persist()
    count = scored.count()
    still_there = of_method.join(reviews.select(*_KEY), on=_KEY, how="left_semi")
    if still_there.count() < stored.count():
        night.tables.replace(still_there.unionByName(scored), REVIEW_SENTIMENT, where=None)
    elif count:
        night.tables.add(scored, REVIEW_SENTIMENT)
    scored.unpersist()
    return count


def _scored(night: Night, reviews: DataFrame, method: str, sentiment: Sentiment | None) -> DataFrame:
    if sentiment is None:
        rows = reviews.select(*_TAKEN).withColumns({"negative": F.lit(None), "method": F.lit(method)})
        return rows.select(*(F.col(c.name).cast(c.type) for c in REVIEW_SENTIMENT.columns))
    shared = night.spark.sparkContext.broadcast(sentiment)

    def of_blocks(blocks: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for block in blocks:
            for first in range(0, len(block), BLOCK):
                rows = block.iloc[first : first + BLOCK]
                chance = shared.value.chance(rows["text"].tolist())  # NaN, which Arrow writes as NULL, without a word
                yield rows.assign(negative=chance, method=method)[REVIEW_SENTIMENT.column_names]

    # A night's events may lie in one file, which one task would read.
    spread = reviews.repartition(night.spark.sparkContext.defaultParallelism)
    return spread.select(*_TAKEN, "text").mapInPandas(of_blocks, REVIEW_SENTIMENT.schema)
