"""The Delta tables of a warehouse: checked at write, versions of everything read and written remembered."""

from __future__ import annotations

from datetime import date
from functools import reduce
from operator import and_
from pathlib import Path
from threading import Lock

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from features.contract.table import Table
from jobs.runtime.errors import LongtailError

_BROKEN = "LONGTAIL_RULE_BROKEN"


class Warehouse:
    """Reads and writes the tables under one folder; `inputs` and `outputs` map a table's name to its version."""

    def __init__(self, spark: SparkSession, folder: str) -> None:
        self.spark = spark
        # Delta takes a relative path for the name of a table.
        self.folder = folder.rstrip("/") if "://" in folder else str(Path(folder).absolute())
        self.inputs: dict[str, int] = {}
        self.outputs: dict[str, int] = {}
        self._making = Lock()  # two parts of a step may write into a table that does not exist yet

    @property
    def local_folder(self) -> Path:
        """The folder as a local path, for what is a file and no table."""
        return Path(self.folder)

    def path(self, table: Table) -> str:
        return f"{self.folder}/{table.name}"

    def version(self, table: Table) -> int | None:
        """The newest committed version of a table, None where it does not exist (Delta protocol: _delta_log/N.json)."""
        jvm = self.spark.sparkContext._jvm
        assert jvm is not None
        log = jvm.org.apache.hadoop.fs.Path(f"{self.path(table)}/_delta_log")
        system = log.getFileSystem(self.spark.sparkContext._jsc.hadoopConfiguration())
        if not system.exists(log):
            return None
        names = [status.getPath().getName() for status in system.listStatus(log)]
        commits = [int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdigit()]
        return max(commits, default=None)

    def exists(self, table: Table) -> bool:
        return self.version(table) is not None

    def read(self, table: Table) -> DataFrame:
        """The columns of the table's contract, at the version that is the newest now.

        Raises LongtailError when the table does not exist or misses a column.
        """
        version = self.version(table)
        if version is None:
            raise LongtailError(
                f"The table {table.name} does not exist in {self.folder}.",
                "Run the step that writes it; jobs/nightly.py runs all.",
            )
        self.inputs.setdefault(table.name, version)
        frame = self.spark.read.format("delta").option("versionAsOf", version).load(self.path(table))
        missing = [name for name in table.required if name not in frame.columns]
        if missing:
            raise LongtailError(
                f"The table {table.name} has no column {', '.join(missing)}.", "Rebuild it with this version."
            )
        # An optional column that the contract has gained is NULL in tables of before; the next write adds it.
        gained = [F.lit(None).cast(c.type).alias(c.name) for c in table.columns if c.name not in frame.columns]
        return frame.select("*", *gained).select(*table.column_names)

    def read_or_empty(self, table: Table) -> DataFrame:
        """As `read`, with no rows where the table does not exist yet."""
        return self.read(table) if self.exists(table) else self.spark.createDataFrame([], table.schema)

    def read_date(self, table: Table, as_of: date) -> DataFrame:
        """The rows of one `as_of`. Raises LongtailError when there are none."""
        frame = self.read(table).where(F.col("as_of") == F.lit(as_of))
        if frame.isEmpty():
            raise LongtailError(f"The table {table.name} has no rows for {as_of}.", f"Run its step for {as_of} first.")
        return frame

    def has(self, table: Table, condition: str) -> bool:
        """Whether any row fulfils the SQL condition."""
        return self.exists(table) and not self.read(table).where(condition).isEmpty()

    def replace(self, frame: DataFrame, table: Table, where: str | None, *, checked: bool = False) -> None:
        """Replaces the rows that fulfil the SQL condition (all rows when it is None) by the frame, in one commit.

        `checked` says that the frame has the table's columns and types and was held against its rules already.
        Raises LongtailError naming table and rule when a row breaks one; nothing is written then.
        """
        self._ensure(table)
        self._commit(frame, table, "overwrite", {"replaceWhere": where} if where else {}, checked=checked)

    def replace_date(self, frame: DataFrame, table: Table, as_of: date, and_where: str = "") -> None:
        """Replaces one `as_of` of a table, narrowed by a further SQL condition."""
        self.replace(frame, table, f"as_of = DATE'{as_of}'" + (f" AND {and_where}" if and_where else ""))

    def add(self, frame: DataFrame, table: Table) -> None:
        """Appends rows."""
        self._ensure(table)
        self._commit(frame, table, "append", {})

    def _commit(
        self, frame: DataFrame, table: Table, mode: str, options: dict[str, str], checked: bool = False
    ) -> None:
        typed = _typed(frame, table)
        try:
            rows = typed if checked else _checked(typed, table)
            rows.write.format("delta").mode(mode).options(**options).save(self.path(table))
        except Exception as error:
            rule = _first_broken_rule(typed, table) if _BROKEN in str(error) else None
            if rule is None:
                raise
            raise LongtailError(
                f"Rows for the table {table.name} break its rule {rule}.",
                "Nothing was written; correct the step that made them.",
            ) from error
        version = self.version(table)
        assert version is not None
        self.outputs[table.name] = version

    def _ensure(self, table: Table) -> None:
        """Creates the table, or adds the optional columns that a newer version of its contract brought."""
        with self._making:
            if self.exists(table):
                self._add_gained_columns(table)
            else:
                self._make(table)

    def _make(self, table: Table) -> None:
        from delta.tables import DeltaTable

        builder = DeltaTable.createIfNotExists(self.spark).location(self.path(table)).addColumns(table.schema)
        builder = builder.comment(table.meaning)
        # A guarded version needs its log, too.
        builder = builder.property("delta.logRetentionDuration", "interval 400 days")
        builder = builder.property("delta.dataSkippingStatsColumns", ",".join(table.with_statistics))
        if table.partitioned_by:
            builder = builder.partitionedBy(*table.partitioned_by)
        builder.execute()

    def _add_gained_columns(self, table: Table) -> None:
        """Adds optional columns that the contract has gained since the table was made."""
        held = set(self.spark.read.format("delta").load(self.path(table)).columns)
        gained = [column for column in table.columns if column.nullable and column.name not in held]
        if gained:
            added = ", ".join(f"`{column.name}` {column.type.simpleString()}" for column in gained)
            self.spark.sql(f"ALTER TABLE delta.`{self.path(table)}` ADD COLUMNS ({added})")


def _typed(frame: DataFrame, table: Table) -> DataFrame:
    """The columns in the table's order and types."""
    missing = [name for name in table.column_names if name not in frame.columns]
    if missing:
        raise LongtailError(
            f"Rows for the table {table.name} miss the column {', '.join(missing)}.", "Correct the step."
        )
    return frame.select(*(F.col(column.name).cast(column.type).alias(column.name) for column in table.columns))


def _rules(table: Table) -> dict[str, Column]:
    """By name: what is true for every row."""
    present = {f"{name} not null": F.col(name).isNotNull() for name in table.required}
    return present | {rule.name: F.coalesce(F.expr(rule.holds), F.lit(True)) for rule in table.invariants}


def _checked(typed: DataFrame, table: Table) -> DataFrame:
    """The rows, with every rule evaluated inside the write itself.

    One plain conjunction: saying here which rule is broken would make the code of a row too long to be compiled.
    """
    whole = reduce(and_, _rules(table).values(), F.lit(True))
    return typed.where(F.when(whole, F.lit(True)).otherwise(F.raise_error(F.lit(_BROKEN)).cast("boolean")))


def _first_broken_rule(typed: DataFrame, table: Table) -> str | None:
    for name, holds in _rules(table).items():
        if not typed.where(~holds).isEmpty():
            return name
    return None
