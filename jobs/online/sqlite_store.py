"""Feast's SQLite store with bulk writes of a view that do not block readers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from feast import Entity, FeatureView
from feast.infra.online_stores.helpers import compute_table_id
from feast.infra.online_stores.sqlite import SqliteOnlineStore, SqliteOnlineStoreConfig, adapt_datetime_epoch
from feast.repo_config import RepoConfig
from feast.utils import to_naive_utc

from jobs.online import sqlite_erasure
from jobs.online.sqlite_writing import WriteRows, limit_log
from jobs.online.view_form import ViewForm
from jobs.online.view_rows import ViewRows

_PAGE_BYTES = 16_384


class NightSqliteOnlineStoreConfig(SqliteOnlineStoreConfig):
    """The store's configuration, which Feast finds by its name."""

    type: Literal["jobs.online.sqlite_store.NightSqliteOnlineStore"] = "jobs.online.sqlite_store.NightSqliteOnlineStore"


class NightSqliteOnlineStore(SqliteOnlineStore):
    """Reads are Feast's own, and rows are byte for byte what Feast writes, in tables ordered by key.

    Only value_text stays empty: Feast searches documents by it, and no feature is one.
    """

    def _get_conn(self, config: RepoConfig) -> sqlite3.Connection:
        opening = self._conn is None
        connection: sqlite3.Connection = super()._get_conn(config)
        if opening:
            # Affects a new file only. A night of hundreds of megabytes is written faster in larger pages.
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            # With the default journal a reader waits for the writer and fails with "database is locked".
            connection.execute("PRAGMA journal_mode = WAL")
            limit_log(connection)
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
        """Creates missing tables with Feast's columns, ordered by key and without its second index; drops others."""
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
        form: ViewForm,
        rows: ViewRows,
        event_time: datetime,
        changed_only: bool,
    ) -> int:
        """Deletes all rows of the view and writes the new ones, from one Python worker of this machine.

        All values are written, changed or not: appending an entity's values in order costs less than looking up each
        changed one.
        """
        path = str(Path(self._get_db_path(config)).absolute())
        epoch = adapt_datetime_epoch(to_naive_utc(event_time))
        task = WriteRows(view.name, path, _table(config, view), form, epoch)
        return sum(bucket.values for bucket in rows.written_by(task, buckets=1))

    def values_held(
        self, config: RepoConfig, view: FeatureView, keys: Sequence[bytes], names: Sequence[str]
    ) -> dict[str, list[bytes | None]]:
        """By feature the serialised values of the entities, in the order of the keys; None where there is none."""
        read = f"SELECT feature_name, value FROM {_table(config, view)} WHERE entity_key = ?"
        connection = self._get_conn(config)
        rows = [dict(connection.execute(read, (key,)).fetchall()) for key in keys]
        return {name: [row.get(name) for row in rows] for name in names}

    def erase(self, config: RepoConfig, key: bytes) -> None:
        """Deletes the entity from every table of the file, of whatever view and colour.

        Raises LongtailError when a long read keeps the write-ahead log from being emptied.
        """
        sqlite_erasure.erase(self._get_conn(config), key)

    def entities_held(self, config: RepoConfig, view: FeatureView) -> int:
        """Number of entities that have a row in the view."""
        read = f"SELECT count(*) FROM {_table(config, view)} WHERE feature_name = ?"
        [name, *_] = sorted(field.name for field in view.features)
        count: int
        [count] = self._get_conn(config).execute(read, (name,)).fetchone()
        return count


def _table(config: RepoConfig, view: FeatureView) -> str:
    name = compute_table_id(config.project, view, config.registry.enable_online_feature_view_versioning)
    return '"' + name.replace('"', '""') + '"'
