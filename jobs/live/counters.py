"""The day's counts of every item or shopper, held on the driver and rebuilt from Delta at a start."""

from __future__ import annotations

from datetime import date

import pandas as pd
from pyspark.sql import functions as F

from features.contract.live_counts import SUMS
from features.contract.table import Table
from jobs.tables.warehouse import Warehouse


class Counters:
    """Counts by key of the newest day with events; a batch counts once, however often it runs.

    table: live_item_counts or live_user_counts, whose second key column is the key
    """

    def __init__(self, tables: Warehouse, table: Table, stream: str) -> None:
        self.key = table.key[1]
        self.day: date | None = None
        self.counts = pd.DataFrame(columns=list(SUMS), index=pd.Index([], name=self.key), dtype="float64")
        stored = tables.read_or_empty(table)
        last = stored.where(F.col("stream") == stream).agg(F.max("batch_id").alias("batch")).first()
        self.last_batch = -1 if last is None or last["batch"] is None else int(last["batch"])
        newest = stored.agg(F.max("day").alias("day")).first()
        if newest is not None and newest["day"] is not None:
            self.day = newest["day"]
            today = stored.where(F.col("day") == F.lit(self.day)).groupBy(self.key)
            self.counts = today.agg(*(F.sum(name).alias(name) for name in SUMS)).toPandas().set_index(self.key)

    def add(self, batch_id: int, partials: pd.DataFrame) -> pd.DataFrame:
        """Adds the counts of a batch; returns the day's counts of the keys that the batch touched.

        A later day starts from zero; counts of an earlier day stay in Delta and are ignored here.

        partials: columns day, the key and SUMS
        """
        if partials.empty:
            return self.counts.iloc[:0]
        newest = partials["day"].max()
        if self.day is None or newest > self.day:
            self.day, self.counts = newest, self.counts.iloc[:0]
        of_day = partials[partials["day"] == self.day].groupby(self.key)[list(SUMS)].sum()
        if batch_id > self.last_batch:
            self.last_batch = batch_id
            self.counts = self.counts.add(of_day, fill_value=0.0)
        return self.counts.loc[self.counts.index.isin(of_day.index)]
