"""What a store needs of a view's rows, and what the Python workers that write them return."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Protocol

import pyarrow as pa

from jobs.runtime.errors import LongtailError

BUCKET = "_bucket"  # the column by which rows are partitioned
WRITTEN = pa.schema(  # columns of Written
    [
        ("bucket", pa.int32()),
        ("entities", pa.int64()),
        ("values", pa.int64()),
        ("problem", pa.string()),
        ("remedy", pa.string()),
    ]
)


@dataclass(frozen=True)
class Written:
    """What a worker wrote of one bucket, or the failure that ended it.

    A failure is returned, not raised: Spark would log its message, which can hold an address, and try four times.
    """

    bucket: int
    entities: int = 0
    values: int = 0
    problem: str | None = None
    remedy: str | None = None


class WriteTask(Protocol):
    """Writes buckets of rows from a Python worker. It is pickled, so it holds plain values and opens connections."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[Written]:
        """Writes rows that are ordered by bucket, each bucket completely; yields one result a bucket."""

    def empty(self, bucket: int) -> Written:
        """Writes a bucket that has no rows."""


class ViewRows(Protocol):
    """The rows of a view, one an entity, without NULL: its join key and its fields."""

    @property
    def entities(self) -> int:
        """Number of rows."""

    def written_by(self, task: WriteTask, buckets: int) -> list[Written]:
        """Runs the task over all rows and returns one result for each of the buckets 0 to `buckets` - 1.

        A row's bucket is the CRC-32 of its key modulo `buckets`; the rows of a bucket come in the order of Feast's
        serialised keys. Raises LongtailError when a worker returned a failure.
        """

    def run_once(self, task: WriteTask) -> None:
        """Runs the task once, without rows. Raises LongtailError as `written_by` does."""

    def sample(self, most: int, seed: int) -> pa.Table:
        """All rows, or `most` random ones: the same for the same seed, however the rows are partitioned."""


def as_batch(results: Iterable[Written]) -> pa.RecordBatch:
    """Results with the columns of WRITTEN."""
    return pa.RecordBatch.from_pylist([asdict(result) for result in results], schema=WRITTEN)


def complete(results: Iterable[Written], task: WriteTask, buckets: int) -> list[Written]:
    """The results of all buckets; those that no row had are written here, where nothing of the size of a view is.

    Raises LongtailError when a worker returned a failure.
    """
    written = list(results)
    _raise_first(written)
    absent = set(range(buckets)) - {result.bucket for result in written}
    written += [task.empty(bucket) for bucket in sorted(absent)]
    _raise_first(written)
    return written


def _raise_first(results: list[Written]) -> None:
    failed = next((result for result in results if result.problem is not None), None)
    if failed is not None:
        raise LongtailError(str(failed.problem), str(failed.remedy))
