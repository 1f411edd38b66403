"""Rows by outcome and repeated keys, in one pass over the rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract.table import Table
from features.quality.outcomes import KEPT, OUTCOMES, key_hash

TALLY = "key_hash long, outcome string, rows long, newest date"
_PACKED = "bucket int, hashes binary, outcome string, rows long, newest date"
_BUCKET_BITS = 8
_HASHES_A_PACK = 1 << 20


def tally(judged: DataFrame, table: Table, day: Column) -> DataFrame:
    """key_hash of each repeated key of accepted and parked rows (usually none), with the rest NULL; and outcome, rows,
    newest: partial counts of rows by outcome with their latest `day` (DATE), with key_hash NULL.

    Keys are compared by 64-bit hashes; `judge_repeats` compares the keys with equal ones. The hashes are shuffled as
    sorted blocks of bytes, some thousand of them, instead of one row a key; a reducer holds one of 256 buckets at a
    time.
    """
    code = F.array_position(F.array(*(F.lit(outcome) for outcome in OUTCOMES)), F.col("outcome")).cast("int") - 1
    facts = judged.select(code.alias("code"), day.alias("day"), key_hash(table).alias("key_hash"))
    packed = facts.mapInArrow(_pack, _PACKED)
    return packed.repartition("bucket").sortWithinPartitions("bucket").mapInArrow(_unpack, TALLY)


def summed(tallied: DataFrame) -> DataFrame:
    """outcome, rows, newest of a tally: the count and the latest day of the rows with each outcome."""
    counts = tallied.where(F.col("outcome").isNotNull())
    return counts.groupBy("outcome").agg(F.sum("rows").alias("rows"), F.max("newest").alias("newest"))


def _pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Blocks of sorted hashes of accepted and parked rows, one bucket each; then the counts, in the bucket NULL."""
    kept_codes = [OUTCOMES.index(outcome) for outcome in KEPT]
    waiting: list[np.ndarray] = []
    counts = np.zeros(len(OUTCOMES), dtype=np.int64)
    newest: list[object] = [None] * len(OUTCOMES)
    for batch in batches:
        code = batch.column("code").to_numpy()
        counts += np.bincount(code, minlength=len(OUTCOMES))
        latest = pa.table({"code": batch.column("code"), "day": batch.column("day")}).group_by("code")
        for entry in latest.aggregate([("day", "max")]).to_pylist():
            newest[entry["code"]] = max(
                (day for day in (newest[entry["code"]], entry["day_max"]) if day is not None), default=None
            )
        waiting.append(batch.column("key_hash").to_numpy()[np.isin(code, kept_codes)])
        if sum(map(len, waiting)) >= _HASHES_A_PACK:
            yield _blocks(waiting)
            waiting = []
    if waiting:
        yield _blocks(waiting)
    seen = np.flatnonzero(counts)
    yield pa.RecordBatch.from_pydict(
        {
            "bucket": [None] * len(seen),
            "hashes": [None] * len(seen),
            "outcome": [OUTCOMES[code] for code in seen],
            "rows": counts[seen],
            "newest": [newest[code] for code in seen],
        },
        schema=_packed_schema(),
    )


def _blocks(parts: list[np.ndarray]) -> pa.RecordBatch:
    hashes = np.sort(np.concatenate(parts).view(np.uint64))
    starts = np.arange(1 << _BUCKET_BITS, dtype=np.uint64) << np.uint64(64 - _BUCKET_BITS)
    blocks = np.split(hashes, np.searchsorted(hashes, starts[1:]))
    full = [bucket for bucket, block in enumerate(blocks) if len(block)]
    nothing = [None] * len(full)
    return pa.RecordBatch.from_pydict(
        {
            "bucket": full,
            "hashes": [blocks[bucket].tobytes() for bucket in full],
            "outcome": nothing,
            "rows": nothing,
            "newest": nothing,
        },
        schema=_packed_schema(),
    )


def _unpack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The hashes that a bucket has more than once, and the counts unchanged."""
    current: int | None = None
    blocks: list[bytes] = []
    for batch in batches:
        counts = batch.filter(pc.is_null(batch.column("bucket")))
        if counts.num_rows:
            none = pa.nulls(counts.num_rows, pa.int64())
            yield pa.RecordBatch.from_arrays(
                [none, *counts.columns[2:]], names=["key_hash", "outcome", "rows", "newest"]
            )
        for bucket, block in zip(batch.column("bucket").to_pylist(), batch.column("hashes").to_pylist(), strict=True):
            if bucket is None:
                continue
            if bucket != current:
                yield _repeated(blocks)
                current, blocks = bucket, []
            blocks.append(block)
    yield _repeated(blocks)


def _repeated(blocks: list[bytes]) -> pa.RecordBatch:
    hashes = np.sort(np.frombuffer(b"".join(blocks), dtype=np.uint64))
    twice = np.unique(hashes[1:][hashes[1:] == hashes[:-1]]).view(np.int64)
    schema = pa.schema(
        [("key_hash", pa.int64()), ("outcome", pa.string()), ("rows", pa.int64()), ("newest", pa.date32())]
    )
    nothing = [pa.nulls(len(twice), field.type) for field in list(schema)[1:]]
    return pa.RecordBatch.from_arrays([pa.array(twice), *nothing], schema=schema)


def _packed_schema() -> pa.Schema:
    return pa.schema(
        [
            ("bucket", pa.int32()),
            ("hashes", pa.binary()),
            ("outcome", pa.string()),
            ("rows", pa.int64()),
            ("newest", pa.date32()),
        ]
    )
