"""The day's counts of every item, held on the driver and rebuilt from Delta at a start."""

from __future__ import annotations

from datetime import date

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.live_counts import LIVE_ITEM_COUNTS, SUMS
from features.contract.table import Table
from jobs.tables.warehouse import Warehouse

_ITEM = LIVE_ITEM_COUNTS.key[1]


class ItemCounts:
    """Counts by item of the newest day with events; a batch counts once, however often it runs."""

    def __init__(self, tables: Warehouse, stream: str) -> None:
        self.last_batch, self.day, today = stored_day(tables, LIVE_ITEM_COUNTS, stream)
        self.counts = today.toPandas().set_index(_ITEM).astype("float64")

    def add(self, batch_id: int, partials: pd.DataFrame) -> pd.DataFrame:
        """Adds the counts of a batch; returns the day's counts of the items that the batch touched.

        A later day starts from zero; counts of an earlier day stay in Delta and are ignored here.

        partials: columns day, item_id and SUMS
        """
        if partials.empty:
            return self.counts.iloc[:0]
        newest = partials["day"].max()
        if self.day is None or newest > self.day:
            self.day, self.counts = newest, self.counts.iloc[:0]
        of_day = partials[partials["day"] == self.day].groupby(_ITEM)[list(SUMS)].sum()
        if batch_id > self.last_batch:
            self.last_batch = batch_id
            self.counts = self.counts.add(of_day, fill_value=0.0)
        return self.counts.loc[self.counts.index.isin(of_day.index)]


def stored_day(tables: Warehouse, table: Table, stream: str) -> tuple[int, date | None, DataFrame]:
    """The stream's last batch (-1: none), the newest day of a table of live counts, and its sums by key."""
    key = table.key[1]
    stored = tables.read_or_empty(table)
    last = F.max(F.when(F.col("stream") == stream, F.col("batch_id"))).alias("batch")
    newest = stored.agg(last, F.max("day").alias("day")).first()
    assert newest is not None
    today = stored.where(F.col("day") == F.lit(newest["day"]).cast("date"))
    sums = today.groupBy(key).agg(*(F.sum(name).alias(name) for name in SUMS))
    return -1 if newest["batch"] is None else int(newest["batch"]), newest["day"], sums
