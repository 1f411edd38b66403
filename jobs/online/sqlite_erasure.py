"""Erasure of one entity from a file of Feast's SQLite store, whatever views and projects it holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from jobs.online.sqlite_writing import connected
from jobs.runtime import clock
from jobs.runtime.errors import LongtailError

_WAIT_SECONDS = 60.0  # of an erasure for running reads


def erase_from_file(path: Path, key: bytes) -> None:
    """Erases as `erase` does, from a file that the configuration may no longer name."""
    with closing(connected(str(path))) as connection:
        erase(connection, key)


def erase(connection: sqlite3.Connection, key: bytes) -> None:
    """Deletes the entity's rows from every table, overwrites the pages that held them, and empties the log.

    Tables of views that are no longer registered, and of a former project, are included.

    key: Feast's serialised entity key
    Raises LongtailError when a long read keeps the write-ahead log from being emptied.
    """
    connection.execute("PRAGMA secure_delete = ON")
    with connection:
        for table in _tables_of_entities(connection):
            connection.execute(f"DELETE FROM {table} WHERE entity_key = ?", (key,))
    # Pages freed by an earlier replacement of a view may hold the entity, too.
    connection.execute("VACUUM")
    _empty_log(connection)


def _tables_of_entities(connection: sqlite3.Connection) -> list[str]:
    """Quoted names of the tables that have a column entity_key."""
    rows = connection.execute(
        "SELECT tables.name FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns "
        "WHERE tables.type = 'table' AND columns.name = 'entity_key'"
    ).fetchall()
    return ['"' + name.replace('"', '""') + '"' for (name,) in rows]


def _empty_log(connection: sqlite3.Connection) -> None:
    until = clock.seconds() + _WAIT_SECONDS
    # Each checkpoint waits for readers up to the connection's lock timeout, and returns whether they still block it.
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if clock.seconds() >= until:
            raise LongtailError(
                "A long read of the online store keeps its write-ahead log, which still holds the shopper.",
                "End the process that reads the SQLite file, then run forget again to complete the erasure.",
            )
