"""Keeps tables small and fast: old partitions, small files, files of old versions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from pyspark.sql import Row
from pyspark.sql import functions as F

from features.contract import RUNS
from features.contract.table import Table
from jobs.tables.warehouse import Warehouse

if TYPE_CHECKING:
    from delta.tables import DeltaTable

_RETENTION = "delta.deletedFileRetentionDuration"
_WEEK_HOURS, _LOG_HOURS = 168, 720  # what Delta keeps of files and of the log where a table does not say


def day_column(table: Table) -> str | None:
    """The column by which rows grow old: that of the night, of the event or of the sum; None where none does."""
    if "as_of" in table.partitioned_by:
        return "as_of"
    return next((name for name in ("event_date", "day") if name in table.column_names), None)


def drop_old_days(tables: Warehouse, table: Table, before: date) -> int:
    """Deletes the rows of nights or days before the date; returns how many days there were."""
    from delta.tables import DeltaTable

    day = day_column(table)
    if day is None:
        raise ValueError(f"{table.name} has no days")
    old = F.col(day) < F.lit(before)
    days = tables.read(table).where(old).select(day).distinct().count()
    if days:
        DeltaTable.forPath(tables.spark, tables.path(table)).delete(old)
    return days


def compact(tables: Warehouse, table: Table) -> None:
    """Puts small files together, near by the columns that readers skip files by; rows stay as they are."""
    from delta.tables import DeltaTable

    optimised = DeltaTable.forPath(tables.spark, tables.path(table)).optimize()
    near = [name for name in table.skipped_by or () if name not in table.partitioned_by]
    if near:
        optimised.executeZOrderBy(near)
    else:
        optimised.executeCompaction()


def guarded_versions(tables: Warehouse, run_ids: Iterable[str], model_versions: Iterable[str]) -> dict[str, set[int]]:
    """By table: the versions that these runs, and the runs that trained these models, read or wrote.

    With them the steps of the same night that wrote what they read, and so on: a night that died and was resumed has
    its steps in several runs. What earlier nights left is guarded as it was read, not how it came about: tables go on
    from night to night, and all there ever was would be guarded.
    """
    columns = ("run_id", "step", "as_of", "inputs", "outputs", "model_version")
    runs = tables.read_or_empty(RUNS).select(*columns).collect()
    models = set(model_versions)
    trained = {row["run_id"] for row in runs if row["step"] == "train_relevance" and row["model_version"] in models}
    ids = {*run_ids, *trained}
    waiting = [row for row in runs if row["run_id"] in ids]
    taken = {(row["run_id"], row["step"]) for row in waiting}
    guarded: dict[str, set[int]] = {}
    while waiting:
        row = waiting.pop()
        for name, version in (*row["inputs"].items(), *row["outputs"].items()):
            guarded.setdefault(name, set()).add(version)
        writers = [_writer(runs, name, version) for name, version in row["inputs"].items()]
        for one in writers:
            if one is not None and one["as_of"] == row["as_of"] and (one["run_id"], one["step"]) not in taken:
                taken.add((one["run_id"], one["step"]))
                waiting.append(one)
    return guarded


def _writer(runs: Sequence[Row], table: str, version: int) -> Row | None:
    """The step that wrote a version of a table, or the last one before it: upkeep makes versions that no step notes."""
    wrote = [row for row in runs if row["outputs"].get(table, version + 1) <= version]
    return max(wrote, key=lambda row: int(row["outputs"][table]), default=None)


def vacuum(tables: Warehouse, table: Table, hours: float, guarded: set[int], now: datetime) -> float:
    """Removes files that no version of the last `hours` needs and no guarded one; returns the hours that were kept.

    Hours other than 0 Delta takes from the table's own retention alone, and it reads no version whose commit is older
    (DELTA_UNSUPPORTED_TIME_TRAVEL_BEYOND_DELETED_FILE_RETENTION_DURATION): so that is set, and reaches back to the
    commit of the oldest guarded version, unless it is the newest. The log is kept as long.
    """
    from delta.tables import DeltaTable

    stored = DeltaTable.forPath(tables.spark, tables.path(table))
    kept = hours
    if guarded:
        oldest = stored.history().where(F.col("version") == min(guarded)).select("timestamp").first()
        if oldest is not None and min(guarded) != tables.version(table):
            age = now - oldest["timestamp"].astimezone(UTC)  # collected times are naive, of the machine's zone
            # In whole weeks, so that the retention changes once in a while and not every night.
            kept = max(kept, _WEEK_HOURS * ceil((age + timedelta(hours=1)) / timedelta(hours=_WEEK_HOURS)))
    if kept:
        _set_retention(tables, stored, table, ceil(kept))
        stored.vacuum()
        return kept
    setting = "spark.databricks.delta.retentionDurationCheck.enabled"
    before = tables.spark.conf.get(setting, "true")
    tables.spark.conf.set(setting, "false")
    try:
        stored.vacuum(0.0)
    finally:
        tables.spark.conf.set(setting, str(before))
    return kept


def _set_retention(tables: Warehouse, stored: DeltaTable, table: Table, hours: int) -> None:
    """Has files of older versions stay so long. It is a commit that a write beside it does not survive, so nothing is
    written where it is so already."""
    told = stored.detail().select("properties").first()
    assert told is not None
    default, wanted = f"interval {_WEEK_HOURS} hours", f"interval {hours} hours"
    if told["properties"].get(_RETENTION, default) != wanted:
        log = f"interval {max(hours, _LOG_HOURS)} hours"  # files may not be kept longer than the log
        properties = f"'{_RETENTION}' = '{wanted}', 'delta.logRetentionDuration' = '{log}'"
        tables.spark.sql(f"ALTER TABLE delta.`{tables.path(table)}` SET TBLPROPERTIES ({properties})")
