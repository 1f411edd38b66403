"""The rows of a view of any size in a Spark frame, written by Python workers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from jobs.online.view_rows import BUCKET, WRITTEN, WriteTask, Written, as_batch, complete

_BUCKETS_A_TASK = 16


@dataclass(frozen=True)
class SparkRows:
    """The rows of a view as a Spark frame of its join key and fields; see ViewRows. Only samples reach the driver."""

    join_key: str
    frame: DataFrame
    entities: int

    def written_by(self, task: WriteTask, buckets: int) -> list[Written]:
        """Runs the task on Python workers, some buckets each."""
        key = F.col(self.join_key)
        bucket = F.crc32(key.cast("binary")) % buckets
        rows = self.frame.select(bucket.cast("int").alias(BUCKET), "*")
        at_once = self.frame.sparkSession.sparkContext.defaultParallelism
        partitions = min(buckets, max(at_once, -(-buckets // _BUCKETS_A_TASK)))
        rows = rows.repartitionById(partitions, F.col(BUCKET))
        # Feast's keys have the length of the id before the id.
        rows = rows.sortWithinPartitions(BUCKET, F.octet_length(key), key)
        return complete(_results(rows, task), task, buckets)

    def run_once(self, task: WriteTask) -> None:
        """Runs the task on one Python worker."""
        complete(_results(self.frame.sparkSession.range(0, 1, 1, 1), task), task, 0)

    def sample(self, most: int, seed: int) -> pa.Table:
        """All rows, or those with the `most` lowest hashes of key and seed."""
        if self.entities <= most:
            return self.frame.toArrow()
        drawn = F.xxhash64(F.col(self.join_key), F.lit(seed))
        return self.frame.orderBy(drawn, self.join_key).limit(most).toArrow()


def _results(rows: DataFrame, task: WriteTask) -> Iterator[Written]:
    """Runs the task on the rows' partitions; one result a bucket reaches the driver."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for result in task(batches):
            yield as_batch([result])
        for _ in batches:  # Spark waits until a failed task has taken its rows
            pass

    return (Written(**row.asDict()) for row in rows.mapInArrow(run, from_arrow_schema(WRITTEN)).collect())
