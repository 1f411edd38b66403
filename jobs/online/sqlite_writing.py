"""Writes the rows of a view to a SQLite file from a Python worker of the same machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

import pyarrow as pa

from jobs.online.store_failures import failure_as_result
from jobs.online.view_form import ViewForm
from jobs.online.view_rows import Written

BATCH = 5_000  # entities a transaction
_LOCK_SECONDS = 60.0  # for other writers: SQLite lets them write one at a time


@dataclass(frozen=True)
class WriteRows:
    """Replaces all rows of a view's table, BATCH entities a transaction.

    No reader uses the view during the write, but others write to the same file, so transactions are short.

    name: of the view, as messages name it
    table: quoted for SQL
    event_time: seconds since 1970, UTC
    """

    name: str
    path: str
    table: str
    form: ViewForm
    event_time: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[Written]:
        """Writes the rows, which come in the order of their keys, and yields one result."""
        with failure_as_result(f"Writing {self.name}") as failures, closing(connected(self.path)) as connection:
            yield self.written(connection, batches)
        yield from failures

    def empty(self, bucket: int) -> Written:
        """Leaves the view without rows."""
        del bucket
        with closing(connected(self.path)) as connection:
            return self.written(connection, [])

    def written(self, connection: sqlite3.Connection, batches: Iterable[pa.RecordBatch]) -> Written:
        """Writes the rows through a connection."""
        fields = sorted(self.form.fields, key=lambda field: field.name)
        # One statement writes all features of an entity: cost grows with statements and bound values, not with rows.
        rows = [f"(?1, {as_text(field.name)}, ?{place}, {self.event_time})" for place, field in enumerate(fields, 2)]
        insert = (
            f"INSERT OR REPLACE INTO {self.table} (entity_key, feature_name, value, event_ts) VALUES {', '.join(rows)}"
        )
        entities = 0
        with connection:
            connection.execute(f"DELETE FROM {self.table}")
        for batch in batches:
            for begin in range(0, batch.num_rows, BATCH):
                part = batch.slice(begin, BATCH)
                columns = self.form.columns(part)
                keys = self.form.keys(part.column(self.form.join_key).to_pylist())
                values = zip(keys, *(columns[field.name].rows() for field in fields), strict=True)
                with connection:
                    connection.executemany(insert, values)
                entities += part.num_rows
        return Written(0, entities, entities * len(fields))


def connected(path: str) -> sqlite3.Connection:
    """A connection of its own to the file."""
    connection = sqlite3.connect(path, timeout=_LOCK_SECONDS)
    limit_log(connection)
    return connection


def limit_log(connection: sqlite3.Connection) -> None:
    """Truncates the write-ahead log after a write: without a limit it keeps the size that a night's write needs."""
    connection.execute("PRAGMA journal_size_limit = 16777216")


def as_text(name: str) -> str:
    """A text literal of SQL."""
    return "'" + name.replace("'", "''") + "'"
