"""The rows of a small view in the driver's memory, written from there: a shuffle and Python workers would cost more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.online.redis_marks import bucket_of
from jobs.online.view_rows import BUCKET, WriteTask, Written, complete


@dataclass(frozen=True)
class DriverRows:
    """The rows of a view as an Arrow table of its join key and fields, in any order; see ViewRows.

    batch: rows that a task gets at a time
    """

    join_key: str
    table: pa.Table
    batch: int = 10_000

    @property
    def entities(self) -> int:
        """Number of rows."""
        return int(self.table.num_rows)

    def written_by(self, task: WriteTask, buckets: int) -> list[Written]:
        """Runs the task in this process."""
        ids = [key.encode() for key in self.table.column(self.join_key).to_pylist()]
        numbers = [bucket_of(key, buckets) for key in ids]
        # Feast's keys have the length of the id before the id.
        order = sorted(range(len(ids)), key=lambda row: (numbers[row], len(ids[row]), ids[row]))
        rows = self.table.append_column(BUCKET, pa.array(numbers, pa.int32())).take(pa.array(order, pa.int64()))
        return complete(task(rows.combine_chunks().to_batches(self.batch)), task, buckets)

    def run_once(self, task: WriteTask) -> None:
        """Runs the task in this process."""
        complete(task([]), task, 0)

    def sample(self, most: int, seed: int) -> pa.Table:
        """All rows, or `most` random ones."""
        if self.entities <= most:
            return self.table
        drawn = np.random.default_rng(seed).choice(self.entities, most, replace=False)
        return self.table.take(pc.sort_indices(self.table.column(self.join_key)).take(pa.array(drawn)))
