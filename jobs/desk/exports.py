"""A version of a table as one file, CSV or Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from tempfile import TemporaryFile
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runtime.csv_text import csv_lines, disarmed

FORMS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_CHUNK = 1 << 20  # bytes


def as_file(form: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """The parts of the file, one after the other: neither form holds a large table in memory."""
    return _csv(schema, batches) if form == "csv" else _parquet(schema, batches)


def _csv(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    yield csv_lines([schema.names]).encode()
    for batch in batches:
        rows = ([_cell(value) for value in row.values()] for row in batch.to_pylist(maps_as_pydicts="lossy"))
        yield csv_lines(rows).encode()


def _cell(value: Any) -> object:
    """As a program reads it back: arrays and maps as JSON, times in UTC, nothing for NULL."""
    if isinstance(value, str):
        return disarmed(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value


def _parquet(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """Through a temporary file, since a reader of the format begins at its end."""
    with TemporaryFile() as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
        file.seek(0)
        yield from _chunks(file)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk
