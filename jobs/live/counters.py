"""Today's counts of every item or shopper, kept on the driver and rebuilt from Delta at a start."""

from __future__ import annotations

from datetime import date

import pandas as pd
from pyspark.sql import functions as F

from features.contract.live_counts import SUMS
from features.contract.table import Table
from jobs.tables.warehouse import Warehouse


class Counters:
    """Counts by the key of the newest day that has events; a batch is added once, however often it runs.

    table: live_item_counts or live_user_counts; its second key column is what is counted by
    """

    def __init__(self, tables: Warehouse, table: Table, stream: str) -> None:
        self.key = table.key[1]
        self.day: date | None = None
        self.counts = pd.DataFrame(columns=list(SUMS), index=pd.Index([], name=self.key), dtype="float64")
        known = tables.read_or_empty(table)
        last = known.where(F.col("stream") == stream).agg(F.max("batch_id").alias("batch")).first()
        self.last_batch = -1 if last is None or last["batch"] is None else int(last["batch"])
        newest = known.agg(F.max("day").alias("day")).first()
        if newest is not None and newest["day"] is not None:
            self.day = newest["day"]
            today = known.where(F.col("day") == F.lit(self.day)).groupBy(self.key)
            self.counts = today.agg(*(F.sum(name).alias(name) for name in SUMS)).toPandas().set_index(self.key)

    def add(self, batch_id: int, partials: pd.DataFrame) -> pd.DataFrame:
        """Adds day, the key and counts of a batch; returns the counts after it of those that it touched today.

        A later day begins anew; what belongs to an earlier day stays in Delta and does not count here.
        """
        if partials.empty:
            return self.counts.iloc[:0]
        newest = partials["day"].max()
        if self.day is None or newest > self.day:
            self.day, self.counts = newest, self.counts.iloc[:0]
        mine = partials[partials["day"] == self.day].groupby(self.key)[list(SUMS)].sum()
        if batch_id > self.last_batch:
            self.last_batch = batch_id
            self.counts = self.counts.add(mine, fill_value=0.0)
        return self.counts.loc[self.counts.index.isin(mine.index)]
