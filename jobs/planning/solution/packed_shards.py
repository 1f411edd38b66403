"""Shards as rows of a frame: their arrays as bytes, one row a shard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.planning.context_pairs import Pairs

PACKED = (
    "shard int, context_ids array<string>, start binary, item binary, relevance binary, counted binary, visits binary, "
    "cause binary, causes array<string>"
)


def packed(number: int, pairs: Pairs) -> pa.Table:
    """The row of a shard in the columns of PACKED. number: of the shard"""
    return pa.table(packed_columns(number, pairs))


def packed_columns(number: int, pairs: Pairs) -> dict[str, pa.Array]:
    """By column of PACKED: the one value of a shard's row."""
    return {
        "shard": pa.array([number], pa.int32()),
        "context_ids": pa.array([pairs.context_ids], pa.list_(pa.string())),
        "start": _bytes(pairs.start.astype(np.int64)),
        "item": _bytes(pairs.item.astype(np.int32)),
        "relevance": _bytes(pairs.relevance),
        # Empty where it is the relevance.
        "counted": _bytes(np.zeros(0) if pairs.counted is None else pairs.counted),
        "visits": _bytes(pairs.visits),
        "cause": _bytes(pairs.cause.indices.to_numpy().astype(np.int32)),
        "causes": pa.array([pairs.cause.dictionary.to_pylist()], pa.list_(pa.string())),
    }


def numbers(row: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """start, item, the responses that the plan counts a view for, and visits of a shard's row."""
    return (
        np.frombuffer(row["start"], dtype=np.int64),
        np.frombuffer(row["item"], dtype=np.int32),
        np.frombuffer(row["counted"] or row["relevance"], dtype=np.float64),
        np.frombuffer(row["visits"], dtype=np.float64),
    )


def pairs_of(row: dict[str, Any]) -> Pairs:
    """The pairs of a shard's row."""
    start, item, planned, visits = numbers(row)
    relevance = np.frombuffer(row["relevance"], dtype=np.float64)
    counted = planned if row["counted"] else None
    cause = pa.DictionaryArray.from_arrays(
        pa.array(np.frombuffer(row["cause"], dtype=np.int32)), pa.array(row["causes"], pa.string())
    )
    return Pairs(np.array(row["context_ids"], dtype=object), visits, start, item, relevance, cause, counted)


def unpacked(batches: Iterator[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    """The rows of batches, one at a time."""
    for batch in batches:
        for place in range(batch.num_rows):
            yield batch.slice(place, 1).to_pylist()[0]


def _bytes(array: np.ndarray) -> pa.Array:
    return pa.array([array.tobytes()], pa.binary())
