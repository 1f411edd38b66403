"""What shoppers search for: queries of many shoppers, and those that are nearest to an item."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pyspark.sql import functions as F

from features.contract import EVENTS, SEARCHES
from jobs.execution.night import Night
from jobs.retrieval.searches import searches_before
from model.launch.gaps import Query
from model.retrieval.signals import SEARCH
from model.text.encoder import Encoder

MOST_QUERIES = 5  # nearest to an item


class Queries:
    """Queries that at least report.least_shoppers shoppers searched for, with their vectors."""

    def __init__(self, texts: Sequence[str], shoppers: Sequence[int], vectors: np.ndarray) -> None:
        self._texts, self._shoppers, self._vectors = tuple(texts), tuple(shoppers), vectors

    def nearest(self, vector: np.ndarray) -> list[Query]:
        """At most MOST_QUERIES, the nearest to an item's unit vector first; ties in the order of the alphabet."""
        if not self._texts:
            return []
        likeness = self._vectors @ vector
        best = np.argsort(-likeness, kind="stable")[:MOST_QUERIES]
        return [Query(self._texts[place], self._shoppers[place], float(likeness[place])) for place in best]


def read_queries(night: Night, encoder: Encoder) -> Queries:
    """Those of the last signals.history_days; none in a store without searches."""
    tables = night.tables
    if not tables.exists(SEARCHES) and not tables.has(EVENTS, f"event_type = '{SEARCH}'"):
        return Queries((), (), np.zeros((0, encoder.dimension), dtype=np.float32))
    searches = searches_before(night, night.as_of)
    counts = searches.lines.groupBy("item_row").agg(F.countDistinct("user_id").alias("shoppers"))
    by_row = {row["item_row"]: row["shoppers"] for row in counts.collect()}
    frequent = [row for row in sorted(by_row) if by_row[row] >= night.conf.report.least_shoppers]
    texts = [searches.queries[row] for row in frequent]
    vectors = encoder.encode_queries(texts, night.conf.encoder.batch_size)
    return Queries(texts, [by_row[row] for row in frequent], vectors)
