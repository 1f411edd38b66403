"""The Delta tables of a warehouse: writes are checked, versions of all tables read and written are remembered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import reduce
from operator import and_
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from features.contract import RUNS
from features.contract.live_counts import LIVE_ITEM_COUNTS, LIVE_USER_COUNTS
from features.contract.table import Table
from jobs.runtime.errors import LongtailError
from jobs.runtime.lock import STREAM, WRITER, require_lock
from jobs.runtime.storage import has_scheme, storage_of
from jobs.tables.schema import added_columns, as_declared, migrate
from jobs.tables.sql import sql_equals
from jobs.tables.versions import newest_version

if TYPE_CHECKING:
    from delta.tables import DeltaTable

DEFAULT_FILE_DAYS = 7  # of files of older versions, in Delta
ABSENT = -1  # the version of a table that does not exist
STREAMED = (LIVE_ITEM_COUNTS, LIVE_USER_COUNTS)  # written by the stream, which runs next to the nights
_VIOLATED = "LONGTAIL_CONTRACT_VIOLATED"


class Warehouse:
    """Reads and writes the tables under one folder; `inputs` and `outputs` map a table's name to its version.

    files: those under the same folder that are not tables
    start_versions: of each table that was asked for, its version at the first time, ABSENT where it did not exist

    Under a URI whoever changes a table has to hold its lock: on S3 two drivers lose each other's commits in silence.
    """

    def __init__(self, spark: SparkSession, folder: str) -> None:
        self.spark = spark
        # Delta takes a relative path as the name of a table, and file:///x as another place than file:/x, which Hadoop
        # makes of it.
        uri = re.sub(":///+", ":/", folder.rstrip("/"), count=1)
        self.folder = uri if has_scheme(folder) else str(Path(folder).absolute())
        self.files = storage_of(self.folder)
        self.inputs: dict[str, int] = {}
        self.start_versions: dict[str, int] = {}
        self.outputs: dict[str, int] = {}
        self._collected: dict[tuple[str, str], tuple[int | None, list[Row]]] = {}
        self._ensured = set[str]()
        self._creating = Lock()  # two threads of a step may write into a table that does not exist yet

    def path(self, table: Table) -> str:
        return f"{self.folder}/{table.name}"

    def version(self, table: Table) -> int | None:
        """The newest committed version of a table, None if it does not exist."""
        version = self._newest(table)
        self.start_versions.setdefault(table.name, ABSENT if version is None else version)
        return version

    def _newest(self, table: Table) -> int | None:
        return newest_version(self.files, f"{table.name}/_delta_log")

    def stored(self, table: Table, version: int) -> DataFrame:
        """The rows of a version of an existing table, with the columns that it has."""
        return self.spark.read.format("delta").option("versionAsOf", version).load(self.path(table))

    def exists(self, table: Table) -> bool:
        return self.version(table) is not None

    def require_lock(self, table: Table) -> None:
        """Raises LongtailError unless this process may change the table now; see jobs.runtime.lock."""
        require_lock(self.files, STREAM if table in STREAMED else WRITER)

    def to_change(self, table: Table) -> DeltaTable:
        """The stored table, for a change other than a write. Raises LongtailError unless its lock is held."""
        from delta.tables import DeltaTable

        self.require_lock(table)
        return DeltaTable.forPath(self.spark, self.path(table))

    def read(self, table: Table) -> DataFrame:
        """The columns of the table's contract, at the version that is now the newest.

        Raises LongtailError when the table does not exist or lacks a column.
        """
        version = self.version(table)
        if version is None:
            raise LongtailError(
                f"The table {table.name} does not exist in {self.folder}.",
                "Run the step that writes it; jobs/nightly.py runs all.",
            )
        self.inputs.setdefault(table.name, version)
        return as_declared(self.stored(table, version), table)

    def nights(self, table: Table) -> set[date]:
        """Each `as_of` with rows that have all columns of the contract."""
        version = self.version(table)
        if version is None:
            return set()
        stored = self.stored(table, version)
        added = [column.name for column in added_columns(stored, table) if not column.nullable]
        if not set(added) <= set(stored.columns):
            return set()
        complete = reduce(and_, (F.col(name).isNotNull() for name in added), F.lit(True))
        return {row["as_of"] for row in stored.where(complete).select("as_of").distinct().collect()}

    def read_or_empty(self, table: Table) -> DataFrame:
        """As `read`, without rows if the table does not exist yet."""
        return self.read(table) if self.exists(table) else self.spark.createDataFrame([], table.schema)

    def read_date(self, table: Table, as_of: date) -> DataFrame:
        """The rows of one `as_of`. Raises LongtailError when there are none."""
        frame = self.read(table).where(F.col("as_of") == F.lit(as_of))
        if frame.isEmpty():
            raise LongtailError(
                f"The table {table.name} has no rows for {as_of}.",
                f"Run {self._steps_writing(table)}, or jobs/nightly.py, for {as_of} first.",
            )
        return frame

    def _steps_writing(self, table: Table) -> str:
        """The steps of earlier runs that wrote a table."""
        writing = self.read_or_empty(RUNS).where(F.map_contains_key("outputs", F.lit(table.name)))
        steps = sorted(row["step"] for row in writing.select("step").distinct().collect())
        return " or ".join(f"jobs/{step}.py" for step in steps) or "the step that writes it"

    def collected(self, frame: DataFrame, table: Table, name: str) -> list[Row]:
        """The rows of a small frame of one table, collected once for each version of the table.

        name: of the frame, among those of the table
        """
        version = self.version(table)
        cached = self._collected.get((table.name, name))
        if cached is None or cached[0] != version:
            cached = self._collected[table.name, name] = (version, frame.collect())
        return cached[1]

    def has(self, table: Table, condition: str) -> bool:
        """Whether any row meets the SQL condition."""
        return self.exists(table) and not self.read(table).where(condition).isEmpty()

    def replace(
        self, frame: DataFrame, table: Table, where: str | None, *, checked: bool = False, note: str | None = None
    ) -> None:
        """Replaces the rows that meet the SQL condition (all rows for None) by the frame, in one commit.

        Raises LongtailError naming table and violation when a row violates the contract; then nothing is written.

        checked: the frame has the table's columns and types and is known to meet the contract
        note: is stored with the commit
        """
        self._ensure(table)
        options = {"replaceWhere": where, "userMetadata": note}
        self._commit(frame, table, "overwrite", {k: v for k, v in options.items() if v}, checked=checked)

    def notes(self, table: Table, commits: int) -> dict[int, str]:
        """By version: the notes of those of the newest `commits` that have one."""
        from delta.tables import DeltaTable

        history = DeltaTable.forPath(self.spark, self.path(table)).history(commits)
        rows = history.where(F.col("userMetadata").isNotNull()).select("version", "userMetadata").collect()
        return {row["version"]: row["userMetadata"] for row in rows}

    def replace_date(self, frame: DataFrame, table: Table, as_of: date, and_where: str = "") -> None:
        """Replaces one `as_of` of a table, narrowed by a further SQL condition."""
        self.replace(frame, table, sql_equals(as_of=as_of) + (f" AND {and_where}" if and_where else ""))

    def add(self, frame: DataFrame, table: Table) -> None:
        """Appends rows."""
        self._ensure(table)
        self._commit(frame, table, "append", {})

    def merge(self, frame: DataFrame, table: Table) -> None:
        """Replaces the rows of the keys that the frame has, and adds its others, in one commit.

        Raises LongtailError as `replace` does.
        """
        self._ensure(table)
        typed = _typed(frame, table)
        same = " AND ".join(f"stored.{name} = new.{name}" for name in table.key)
        with _violations_named(typed, table):
            merge = self.to_change(table).alias("stored").merge(_checked(typed, table).alias("new"), same)
            merge.whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
        self._record(table)

    def prepare(self, table: Table) -> None:
        """Creates the table, or migrates one that another version of its contract created: before `add_once`."""
        self._ensure(table)

    def add_once(self, frame: DataFrame, table: Table, application: str, number: int) -> None:
        """Appends rows, unless the application has already written this number, or a later one, to the table.

        The table was prepared. A stream writes every few seconds, so this neither checks the stored schema nor asks for
        the version that it wrote, which `outputs` lacks.
        """
        self._save(frame, table, "append", {"txnAppId": application, "txnVersion": str(number)})

    def _commit(
        self, frame: DataFrame, table: Table, mode: str, options: dict[str, str], checked: bool = False
    ) -> None:
        self._save(frame, table, mode, options, checked)
        self._record(table)

    def _record(self, table: Table) -> None:
        """Notes the version that this step has written."""
        version = self.version(table)
        assert version is not None
        self.outputs[table.name] = version

    def _save(self, frame: DataFrame, table: Table, mode: str, options: dict[str, str], checked: bool = False) -> None:
        typed = _typed(frame, table)
        self.require_lock(table)
        with _violations_named(typed, table):
            rows = typed if checked else _checked(typed, table)
            rows.write.format("delta").mode(mode).options(**options).save(self.path(table))

    def _ensure(self, table: Table) -> None:
        """Creates the table, or migrates one that another version of its contract created."""
        with self._creating:
            if table.name in self._ensured:
                return
            self.require_lock(table)
            if self.exists(table):
                migrate(self.spark, self.path(table), table)
            else:
                self._create(table)
            self._ensured.add(table.name)

    def _create(self, table: Table) -> None:
        from delta.tables import DeltaTable

        builder = DeltaTable.createIfNotExists(self.spark).location(self.path(table)).addColumns(table.schema)
        builder = builder.comment(table.meaning)
        # A guarded version needs its log as well.
        builder = builder.property("delta.logRetentionDuration", f"interval {table.log_days} days")
        if table.log_days < DEFAULT_FILE_DAYS:  # files may not be retained longer than the log
            builder = builder.property("delta.deletedFileRetentionDuration", f"interval {24 * table.log_days} hours")
        if table.with_statistics:
            builder = builder.property("delta.dataSkippingStatsColumns", ",".join(table.with_statistics))
        else:
            builder = builder.property("delta.dataSkippingNumIndexedCols", "0")
        if table.partitioned_by:
            builder = builder.partitionedBy(*table.partitioned_by)
        builder.execute()


def _typed(frame: DataFrame, table: Table) -> DataFrame:
    """The columns in the table's order and types."""
    missing = [name for name in table.column_names if name not in frame.columns]
    if missing:
        raise LongtailError(
            f"Rows for the table {table.name} lack the column {', '.join(missing)}.",
            "Correct the step that writes them.",
        )
    return frame.select(*(F.col(column.name).cast(column.type).alias(column.name) for column in table.columns))


def _rules(table: Table) -> dict[str, Column]:
    """By the name of its violation: each condition that is true for every row."""
    present = {f"{name}_missing": F.col(name).isNotNull() for name in table.required}
    return present | {rule.violation: F.coalesce(F.expr(rule.holds), F.lit(True)) for rule in table.invariants}


def _checked(typed: DataFrame, table: Table) -> DataFrame:
    """The rows, with every rule evaluated in the write itself.

    One plain conjunction: with the name of the violation, the generated code of a row would be too long to compile.
    """
    sound = reduce(and_, _rules(table).values(), F.lit(True))
    return typed.where(F.when(sound, F.lit(True)).otherwise(F.raise_error(F.lit(_VIOLATED)).cast("boolean")))


@contextmanager
def _violations_named(typed: DataFrame, table: Table) -> Iterator[None]:
    """Turns the error of a write whose rows violate the contract into one that names the violation."""
    try:
        yield
    except Exception as error:
        violation = _first_violation(typed, table) if _VIOLATED in str(error) else None
        if violation is None:
            raise
        raise LongtailError(
            f"Rows for the table {table.name} violate its contract: {violation}.",
            "Nothing was written; correct the step that writes them.",
        ) from error


def _first_violation(typed: DataFrame, table: Table) -> str | None:
    for name, holds in _rules(table).items():
        if not typed.where(~holds).isEmpty():
            return name
    return None
