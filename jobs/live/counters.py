"""The day's counts of every item, held on the driver and rebuilt from Delta at a start."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.live_counts import LIVE_ITEM_COUNTS, SUMS
from features.contract.table import Table
from features.live.counting import EPOCH, day_of_night
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


class NightCounts:
    """What every item was delivered on the day of the live night, by item, held on the driver.

    That day is not the calendar's: it begins when the night goes live, and again after every 24 hours in which it stays
    live. What was delivered since is read from Delta at a start and whenever such a day begins.

    since: when the day began; None before the first batch
    """

    def __init__(self, tables: Warehouse) -> None:
        self._tables, self._last_batch, self._newest = tables, -1, EPOCH
        self.since: datetime | None = None
        self.delivered = pd.Series(dtype="float64")

    def add(self, batch_id: int, partials: pd.DataFrame, live_since: datetime) -> None:
        """Adds the counts of a batch, which are in LIVE_ITEM_COUNTS already.

        partials: columns window_start (UTC, without a zone), item_id and delivered
        live_since: when the night went live
        """
        if partials.empty:
            return
        start = partials["window_start"].dt.tz_localize(UTC)
        self._newest = max(self._newest, start.max().to_pydatetime())
        since = day_of_night(live_since, self._newest)
        if since != self.since:
            self.since, self.delivered = since, self._stored(since)
        elif batch_id > self._last_batch:
            of_day = partials[start >= since].groupby(_ITEM)["delivered"].sum()
            self.delivered = self.delivered.add(of_day, fill_value=0.0)
        self._last_batch = max(self._last_batch, batch_id)

    def _stored(self, since: datetime) -> pd.Series:
        begun = (F.col("day") >= F.lit(since.date())) & (F.col("window_start") >= F.lit(since))
        stored = self._tables.read(LIVE_ITEM_COUNTS).where(begun)
        sums = stored.groupBy(_ITEM).agg(F.sum("delivered").alias("delivered")).toPandas()
        return sums.set_index(_ITEM)["delivered"].astype("float64")


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
