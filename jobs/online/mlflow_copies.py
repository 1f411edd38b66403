"""Copies of MLflow's database where it is a file of a local warehouse; a server's is backed up there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from jobs.runtime.atomic_file import write_atomically


def copy_of_database(path: Path) -> bytes:
    """A consistent copy, even while the database is in use: SQLite's own back-up makes it."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(":memory:")) as copy:
        source.backup(copy)
        return copy.serialize()


def restore_database(path: Path, content: bytes) -> None:
    """Replaces the database by a rename."""
    write_atomically(path, content)
    # SQLite would apply the logs of the replaced database to the restored one.
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
