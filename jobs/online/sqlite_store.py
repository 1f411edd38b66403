"""Feast's SQLite store, made fit for a night at once: readers are not blocked, and a view is written in bulk."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import numpy as np
from feast import Entity, FeatureView
from feast.infra.online_stores.helpers import compute_table_id
from feast.infra.online_stores.sqlite import SqliteOnlineStore, SqliteOnlineStoreConfig, adapt_datetime_epoch
from feast.repo_config import RepoConfig
from feast.utils import to_naive_utc

from jobs.online.encoding import EncodedColumn, as_objects
from jobs.runtime import clock
from jobs.runtime.errors import LongtailError

_PAGE_BYTES = 16_384
_AT_ONCE = 5_000  # entities a transaction
_WAIT_SECONDS = 60.0  # how long an erasure waits for readers that have begun


class NightSqliteOnlineStoreConfig(SqliteOnlineStoreConfig):
    """The configuration that Feast looks up beside the class."""

    type: Literal["jobs.online.sqlite_store.NightSqliteOnlineStore"] = "jobs.online.sqlite_store.NightSqliteOnlineStore"


class NightSqliteOnlineStore(SqliteOnlineStore):
    """Reads are Feast's own. Rows are byte for byte what Feast writes, in tables ordered by key.

    One column stays empty: value_text, by which Feast finds documents, and no feature here is one.
    """

    def _get_conn(self, config: RepoConfig) -> sqlite3.Connection:
        opening = self._conn is None
        connection: sqlite3.Connection = super()._get_conn(config)
        if opening:
            # Takes effect on a new file alone. Larger pages hold a night's hundreds of megabytes with less work.
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            # With the default journal a reader waits for the writer and then fails with "database is locked".
            connection.execute("PRAGMA journal_mode = WAL")
            # A night's write grows the log; without a limit the file keeps that size.
            connection.execute("PRAGMA journal_size_limit = 16777216")
        return connection

    def update(
        self,
        config: RepoConfig,
        tables_to_delete: Sequence[FeatureView],
        tables_to_keep: Sequence[FeatureView],
        entities_to_delete: Sequence[Entity],
        entities_to_keep: Sequence[Entity],
        partial: bool,
    ) -> None:
        """Makes missing tables with Feast's columns, ordered by key and without its second index; drops others."""
        connection = self._get_conn(config)
        for view in tables_to_keep:
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {_table(config, view)} (entity_key BLOB, feature_name TEXT, value BLOB, "
                "value_text TEXT, vector_value BLOB, event_ts timestamp, created_ts timestamp, "
                "PRIMARY KEY (entity_key, feature_name)) WITHOUT ROWID"
            )
        for view in tables_to_delete:
            connection.execute(f"DROP TABLE IF EXISTS {_table(config, view)}")

    def replace_rows(
        self,
        config: RepoConfig,
        view: FeatureView,
        keys: Sequence[bytes],
        columns: Mapping[str, EncodedColumn],
        event_time: datetime,
        changed_only: bool,
    ) -> int:
        """Deletes all rows of the view and writes the new ones, _AT_ONCE entities a transaction.

        Nobody reads the view meanwhile, and others write to the same database: SQLite lets one at a time, so none may
        take long. All values are written, changed or not: those of an entity lie side by side, and to append them in
        order costs less than to look each changed one up.
        """
        names = sorted(columns)
        epoch = adapt_datetime_epoch(to_naive_utc(event_time))
        # One statement writes all features of an entity: the cost is by statement and bound value, not by row.
        rows = [f"(?1, {_text(name)}, ?{bound}, {epoch})" for bound, name in enumerate(names, start=2)]
        insert = (
            f"INSERT INTO {_table(config, view)} (entity_key, feature_name, value, event_ts) VALUES {', '.join(rows)}"
        )
        held_keys = as_objects(keys)
        order = np.argsort(held_keys, kind="stable")
        connection = self._get_conn(config)
        with connection:
            connection.execute(f"DELETE FROM {_table(config, view)}")
        for start in range(0, len(order), _AT_ONCE):
            some = order[start : start + _AT_ONCE]
            values = (columns[name].values[columns[name].place[some]].tolist() for name in names)
            batch = list(zip(held_keys[some].tolist(), *values, strict=True))
            with connection:
                connection.executemany(insert, batch)
        return len(keys) * len(names)

    def values_held(
        self, config: RepoConfig, view: FeatureView, keys: Sequence[bytes], names: Sequence[str]
    ) -> dict[str, list[bytes | None]]:
        """By feature the serialised value of every entity, in the order of the keys; None where there is none."""
        read = f"SELECT feature_name, value FROM {_table(config, view)} WHERE entity_key = ?"
        connection = self._get_conn(config)
        rows = [dict(connection.execute(read, (key,)).fetchall()) for key in keys]
        return {name: [row.get(name) for row in rows] for name in names}

    def erase(self, config: RepoConfig, views: Sequence[FeatureView], key: bytes) -> None:
        """Deletes the entity's rows, overwrites the pages that held them, and empties the write-ahead log.

        Raises LongtailError when a reader holds what was before for so long that the log cannot be emptied.
        """
        connection = self._get_conn(config)
        connection.execute("PRAGMA secure_delete = ON")
        with connection:
            for view in views:
                connection.execute(f"DELETE FROM {_table(config, view)} WHERE entity_key = ?", (key,))
        # Pages that an earlier replacement of the view has left free may hold the entity, too.
        connection.execute("VACUUM")
        _empty_log(connection)

    def entities_held(self, config: RepoConfig, view: FeatureView) -> int:
        """How many entities have a row in the view."""
        read = f"SELECT count(*) FROM {_table(config, view)} WHERE feature_name = ?"
        [name, *_] = sorted(field.name for field in view.features)
        found: tuple[int] = self._get_conn(config).execute(read, (name,)).fetchone()
        return found[0]


def _empty_log(connection: sqlite3.Connection) -> None:
    until = clock.seconds() + _WAIT_SECONDS
    # Each try waits for readers as long as the connection does for a lock; what it says is whether that was too short.
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if clock.seconds() >= until:
            raise LongtailError(
                "A reader of the online store holds what was before the erasure, so its write-ahead log still has it.",
                "End what reads the SQLite file for so long, and run forget again: it completes.",
            )


def _table(config: RepoConfig, view: FeatureView) -> str:
    name = compute_table_id(config.project, view, config.registry.enable_online_feature_view_versioning)
    return '"' + name.replace('"', '""') + '"'


def _text(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
