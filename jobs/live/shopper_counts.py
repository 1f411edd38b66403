"""The day's counts of every shopper, held on the executors and rebuilt from Delta at a start."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import reduce

import pandas as pd
from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.live_counts import LIVE_USER_COUNTS, SUMS
from jobs.live.counters import stored_day
from jobs.runtime.executor_files import on_one_machine
from jobs.tables.warehouse import Warehouse

_SHOPPER = LIVE_USER_COUNTS.key[1]
MERGED_AFTER = 8  # batches, whose counts lie in frames of their own until then
AT_ONCE = 50_000  # shoppers of a batch that the driver holds at a time


class ShopperCounts:
    """Counts by shopper of the newest day with events; a batch counts once, however often it runs.

    The driver holds the counts of at most AT_ONCE shoppers, while they are pushed, and the ids of bots, of which there
    are at most as many as the day's exposures divided by `most_exposures`. If executors that hold counts are lost, the
    batch fails; the stream continues from Delta when it is started again.

    bots: the shoppers with more than `most_exposures` on the day
    """

    def __init__(self, tables: Warehouse, stream: str, most_exposures: float) -> None:
        self._most = most_exposures
        alone = on_one_machine(tables.spark.sparkContext.master)
        self._level = StorageLevel.MEMORY_AND_DISK if alone else StorageLevel.MEMORY_AND_DISK_2
        self.last_batch, self.day, today = stored_day(tables, LIVE_USER_COUNTS, stream)
        self._parts = [self._held(today)]
        above = self._parts[0].where(F.col("exposures") > most_exposures).select(_SHOPPER)
        self.bots = {row[_SHOPPER] for row in above.collect()}

    def add(self, batch_id: int, partials: DataFrame, rows: int, newest: date | None) -> Iterator[pd.DataFrame]:
        """Adds the counts of a batch; yields the day's counts of the shoppers that it touched, by user_id.

        A later day starts from zero; counts of an earlier day stay in Delta and are ignored here. The bots are those
        of this batch as well once all is read.

        partials: columns day, user_id and SUMS; rows: their number; newest: the greatest of their days, None without
        rows
        """
        if newest is None:
            return
        if self.day is None or newest > self.day:
            self.day, self._parts, self.bots = newest, [], set()
        of_day = _summed(partials.where(F.col("day") == F.lit(self.day)))
        if batch_id > self.last_batch:
            self.last_batch = batch_id
            of_day = self._held(of_day)
            self._parts.append(of_day)
        if not self._parts:
            return
        touched = of_day.select(_SHOPPER)
        # Without the hint Spark would shuffle the counts of all shoppers, whose size it does not know.
        touched = F.broadcast(touched) if rows <= AT_ONCE else touched
        sums = _summed(_together(self._parts).join(touched, on=_SHOPPER, how="left_semi"))
        for counts in _in_slices(sums, -(-rows // AT_ONCE)):
            self.bots |= set(counts.index[counts["exposures"] > self._most])
            yield counts
        if len(self._parts) > MERGED_AFTER:
            self._parts = [self._held(_summed(_together(self._parts)))]

    def _held(self, frame: DataFrame) -> DataFrame:
        """The rows on the executors, without the plan that they come from, which would grow with every batch."""
        return frame.localCheckpoint(eager=True, storageLevel=self._level)


def _together(parts: list[DataFrame]) -> DataFrame:
    return reduce(DataFrame.unionByName, parts)


def _summed(counts: DataFrame) -> DataFrame:
    return counts.groupBy(_SHOPPER).agg(*(F.sum(name).alias(name) for name in SUMS))


def _in_slices(sums: DataFrame, slices: int) -> Iterator[pd.DataFrame]:
    """The sums by user_id, in `slices` parts of about the same size."""
    for number in range(slices):
        of_slice = sums if slices == 1 else sums.where(F.pmod(F.xxhash64(_SHOPPER), F.lit(slices)) == number)
        yield of_slice.toPandas().set_index(_SHOPPER)
