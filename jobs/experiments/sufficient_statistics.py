"""Adds up the moments of the arms on the executors, from one row a shopper."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from features.evaluation.outcomes import METRICS
from model.experiments.moments import Moments, moments_of, total, unpacked

ALL = ("", "")  # kind and name of the segment of all shoppers
Key = tuple[str, str, str, str]  # metric, arm, kind and name of a segment
_KEY = ("metric", "arm", "kind", "segment")
_PACKED = ", ".join(f"{name} string" for name in _KEY) + ", numbers array<double>"
_COVARIATES = len(METRICS)


def moments_by_arm(
    shoppers: DataFrame, kinds: Sequence[str], before_days: int, days: int, primary: str
) -> dict[Key, Moments]:
    """By metric, arm and segment (`ALL`: of all shoppers) the moments; segments have those of the metric `primary`.

    What was measured before the test are the means a day of all METRICS.

    shoppers: arm; segments: array<string>, the names of the shopper's segments in the order of `kinds`; outcomes:
        array<struct<day int, METRICS double>> or NULL, where day 0 is `before_days` before the first day of the test
    days: number of days of the test
    """
    partial = shoppers.select("arm", "segments", "outcomes").mapInArrow(
        _moments_of_partition(tuple(kinds), before_days, days, primary), _PACKED
    )
    rows = partial.groupBy(*_KEY).applyInArrow(_added_up, _PACKED).collect()
    return {
        (row["metric"], row["arm"], row["kind"], row["segment"]): unpacked(np.array(row["numbers"]), _COVARIATES)
        for row in rows
    }


def _moments_of_partition(
    kinds: tuple[str, ...], before_days: int, days: int, primary: str
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def add_up(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        sums: dict[Key, Moments] = {}
        for batch in batches:
            for key, moments in _moments_of_batch(batch, kinds, before_days, days, primary):
                sums[key] = sums[key] + moments if key in sums else moments
        yield _rows(sums)

    return add_up


def _moments_of_batch(
    batch: pa.RecordBatch, kinds: tuple[str, ...], before_days: int, days: int, primary: str
) -> Iterator[tuple[Key, Moments]]:
    arm = batch.column("arm").to_numpy(zero_copy_only=False).astype(str)
    by_day = _by_day(batch.column("outcomes"), before_days + days)
    before = np.stack([values[:, :before_days].mean(axis=1) for values in by_day.values()], axis=1)
    names = batch.column("segments").flatten().to_numpy(zero_copy_only=False).astype(str).reshape(len(arm), len(kinds))
    for name in np.unique(arm):
        of_arm = arm == name
        for metric, values in by_day.items():
            yield (metric, str(name), *ALL), moments_of(values[of_arm, before_days:], before[of_arm])
        for kind, of_kind in zip(kinds, names.T, strict=True):
            for segment in np.unique(of_kind[of_arm]):
                at = of_arm & (of_kind == segment)
                yield (
                    (primary, str(name), kind, str(segment)),
                    moments_of(by_day[primary][at, before_days:], before[at]),
                )


def _by_day(outcomes: pa.ListArray, days: int) -> dict[str, np.ndarray]:
    """By metric: float64 (users, days)."""
    user, rows = pc.list_parent_indices(outcomes).to_numpy(), outcomes.flatten()
    at = user * days + rows.field("day").to_numpy().astype(np.int64)
    size = len(outcomes) * days
    return {
        name: np.bincount(at, rows.field(name).to_numpy(), minlength=size).reshape(len(outcomes), days)
        for name in METRICS
    }


def _added_up(rows: pa.Table) -> pa.Table:
    """The sum of the moments of one key, as one row."""
    parts = [unpacked(np.array(numbers), _COVARIATES) for numbers in rows["numbers"].to_pylist()]
    first = rows.slice(0, 1)
    key = tuple(first[name][0].as_py() for name in _KEY)
    return pa.Table.from_batches([_rows({key: total(parts)})])


def _rows(sums: dict[Key, Moments]) -> pa.RecordBatch:
    columns = [pa.array([key[number] for key in sums], pa.string()) for number in range(len(_KEY))]
    numbers = pa.array([moments.packed() for moments in sums.values()], pa.list_(pa.float64()))
    return pa.RecordBatch.from_arrays([*columns, numbers], names=[*_KEY, "numbers"])
