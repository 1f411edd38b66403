"""The tables as a past step found them, with a folder of their own for what it writes again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from pyspark.sql import DataFrame, SparkSession

from features.contract.table import Table
from jobs.config.housekeeping import Housekeeping
from jobs.runtime.errors import LongtailError
from jobs.tables.erasure import ALL_TABLES
from jobs.tables.sql import sql_identifier
from jobs.tables.warehouse import ABSENT, Warehouse

TABLES = {table.name: table for table in ALL_TABLES}
# What Delta and Spark say of a version whose commit or files are gone.
_GONE = re.compile(
    r"DELTA_VERSION_NOT_FOUND|DELTA_UNSUPPORTED_TIME_TRAVEL_BEYOND_DELETED_FILE_RETENTION_DURATION|"
    r"DELTA_VERSIONS_NOT_CONTIGUOUS|DELTA_LOG_FILE_NOT_FOUND|DELTA_TRUNCATED_TRANSACTION_LOG|FILE_NOT_EXIST|"
    r"FileNotFoundException|Cannot time travel"
)


class PinnedTables(Warehouse):
    """Reads tables of another warehouse at fixed versions; what is written goes to a folder, and is read from there.

    Of a table that is written the folder has a shallow clone of the pinned version, which names the files of the other
    warehouse and copies none. The first commit to it has the number after the pinned one, as in the other warehouse.

    live: folder of the other warehouse, in which nothing is written
    pinned: by table its version, ABSENT where it does not exist; a table that is not named does not exist either
    """

    def __init__(self, spark: SparkSession, live: str, folder: str, pinned: Mapping[str, int]) -> None:
        super().__init__(spark, folder)
        self._live = Warehouse(spark, live)
        self._pinned = {name: version for name, version in pinned.items() if version != ABSENT}
        self._cloning = Lock()

    def _newest(self, table: Table) -> int | None:
        own, pinned = super()._newest(table), self._pinned.get(table.name)
        return pinned if own is None else own + (pinned or 0)

    def stored(self, table: Table, version: int) -> DataFrame:
        pinned = self._pinned.get(table.name)
        if pinned is not None and version <= pinned:
            return self._live.stored(table, version)
        return super().stored(table, version - (pinned or 0))

    def notes(self, table: Table, commits: int) -> dict[int, str]:
        """As of a warehouse whose newest version is the pinned one."""
        pinned = self._pinned[table.name]
        later = (self._live.version(table) or pinned) - pinned
        return {
            version: note for version, note in self._live.notes(table, commits + later).items() if version <= pinned
        }

    def _ensure(self, table: Table) -> None:
        with self._cloning:
            pinned = self._pinned.get(table.name)
            if pinned is not None and super()._newest(table) is None:
                places = (sql_identifier(place.path(table)) for place in (self, self._live))
                self.spark.sql("CREATE TABLE delta.{} SHALLOW CLONE delta.{} VERSION AS OF {}".format(*places, pinned))
        super()._ensure(table)

    def written(self, table: Table) -> DataFrame | None:
        """The newest rows of a table, with the columns that it has; None if it does not exist."""
        version = self._newest(table)
        return None if version is None else self.stored(table, version)


def require_versions(live: Warehouse, needed: Iterable[tuple[str, int]], housekeeping: Housekeeping) -> None:
    """Raises LongtailError that names a table version that is no longer there, and the key that keeps it longer."""
    for name, version in sorted(needed):
        if name in TABLES:
            with removed_versions_named(live, housekeeping, name, version):
                live.stored(TABLES[name], version)


@contextmanager
def removed_versions_named(
    live: Warehouse, housekeeping: Housekeeping, table: str | None = None, version: int | None = None
) -> Iterator[None]:
    """Turns the error of a version whose files were removed into one that names the key of its retention.

    table, version: what is read; without them the table is the one whose file the error names
    """
    try:
        yield
    except LongtailError:
        raise
    except Exception as error:
        if not _GONE.search(str(error)):
            raise
        named = re.search(rf"{re.escape(live.folder)}/+(\w+)/", str(error))
        name = table or (named.group(1) if named else None)
        if name is None:
            raise
        raise removed_version(name, version, housekeeping) from error


class RemovedVersionError(LongtailError):
    """A version of a table that a replay needs was removed."""


def removed_version(table: str, version: int | None, housekeeping: Housekeeping) -> RemovedVersionError:
    """The error of a version that housekeep has removed."""
    of_table = table in housekeeping.tables and "vacuum_hours" in housekeeping.tables[table].model_fields_set
    key = f"housekeeping.tables.{table}.vacuum_hours" if of_table else "housekeeping.every_table.vacuum_hours"
    which = f"Version {version} of the table {table}" if version is not None else f"A version of the table {table}"
    return RemovedVersionError(
        f"{which}, which the night read or wrote, was removed by housekeep or forget.",
        f"This night cannot be made again; raise {key} ({housekeeping.of(table).vacuum_hours:g}) for later ones.",
    )
