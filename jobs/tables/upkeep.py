"""Keeps tables small and fast: drops old days, compacts small files, vacuums files of old versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from pyspark.sql import Row
from pyspark.sql import functions as F

from features.contract import RUNS
from features.contract.table import Table
from jobs.tables.sql import sql_identifier, sql_literal
from jobs.tables.warehouse import ABSENT, Warehouse

if TYPE_CHECKING:
    from delta.tables import DeltaTable

_RETENTION = "delta.deletedFileRetentionDuration"
_WEEK_HOURS, _LOG_HOURS = 168, 720  # Delta's default retention of files and of the log


def day_column(table: Table) -> str | None:
    """The column with the age of a row: the day of the night, event or sum; None if the table has none."""
    if "as_of" in table.partitioned_by:
        return "as_of"
    return next((name for name in ("event_date", "search_date", "day") if name in table.column_names), None)


def drop_old_days(tables: Warehouse, table: Table, before: date) -> int:
    """Deletes the rows of nights or days before the date; returns how many days there were."""
    day = day_column(table)
    if day is None:
        raise ValueError(f"{table.name} has no days")
    old = F.col(day) < F.lit(before)
    days = tables.read(table).where(old).select(day).distinct().count()
    if days:
        tables.to_change(table).delete(old)
    return days


def compact(tables: Warehouse, table: Table) -> None:
    """Compacts small files, clustered by the columns that readers skip files by; no row changes."""
    optimised = tables.to_change(table).optimize()
    clustered_by = [name for name in table.skipped_by or () if name not in table.partitioned_by]
    if clustered_by:
        optimised.executeZOrderBy(clustered_by)
    else:
        optimised.executeCompaction()


def guarded_versions(
    tables: Warehouse, run_ids: Iterable[str], trained: Iterable[tuple[str, str]]
) -> dict[str, set[int]]:
    """By table: the versions that these runs, and the runs that trained these models, read, wrote or wrote over.

    Includes the steps of the same night that wrote the versions read, and so on: a night that was interrupted and
    resumed has its steps in several runs. Of earlier nights only the versions read are guarded, not how these came
    about: tables continue from night to night, so that every version would be guarded.

    trained: by the step that trained it the version of each model
    """
    columns = ("run_id", "step", "as_of", "inputs", "outputs", "start_versions", "model_version")
    runs = tables.read_or_empty(RUNS).select(*columns).collect()
    models = set(trained)
    ids = {*run_ids, *(row["run_id"] for row in runs if (row["step"], row["model_version"]) in models)}
    waiting = [row for row in runs if row["run_id"] in ids]
    taken = {(row["run_id"], row["step"]) for row in waiting}
    guarded: dict[str, set[int]] = {}
    while waiting:
        row = waiting.pop()
        for name, version in versions_of_step(row["inputs"], row["outputs"], row["start_versions"] or {}):
            guarded.setdefault(name, set()).add(version)
        writers = [_writer(runs, name, version) for name, version in row["inputs"].items()]
        for writer in writers:
            if (
                writer is not None
                and writer["as_of"] == row["as_of"]
                and (writer["run_id"], writer["step"]) not in taken
            ):
                taken.add((writer["run_id"], writer["step"]))
                waiting.append(writer)
    return guarded


def versions_of_step(
    inputs: Mapping[str, int], outputs: Mapping[str, int], start_versions: Mapping[str, int]
) -> set[tuple[str, int]]:
    """Table and version of all that a step read and wrote, and of what it wrote over; all maps as in `runs`."""
    written_over = {name: start_versions.get(name, ABSENT) for name in outputs}
    pairs = {*inputs.items(), *outputs.items(), *written_over.items()}
    return {(name, version) for name, version in pairs if version != ABSENT}


def _writer(runs: Sequence[Row], table: str, version: int) -> Row | None:
    """The step that wrote a version of a table, or the last one before it: versions by upkeep are of no step."""
    wrote = [row for row in runs if row["outputs"].get(table, version + 1) <= version]
    return max(wrote, key=lambda row: int(row["outputs"][table]), default=None)


def vacuum(tables: Warehouse, table: Table, hours: float, guarded: set[int], now: datetime) -> float:
    """Removes files that no version of the last `hours` and no guarded version needs; returns the retention in hours.

    Delta takes a retention above 0 from the table's properties alone, and reads no version whose commit is older
    (DELTA_UNSUPPORTED_TIME_TRAVEL_BEYOND_DELETED_FILE_RETENTION_DURATION): so the property is set, back to the commit
    of the oldest guarded version unless that is the newest version. The log is retained as long, and no file longer
    than a short log.
    """
    stored = tables.to_change(table)
    retention = min(hours, 24.0 * table.log_days)
    if guarded:
        oldest = stored.history().where(F.col("version") == min(guarded)).select("timestamp").first()
        if oldest is not None and min(guarded) != tables.version(table):
            age = now - oldest["timestamp"].astimezone(UTC)  # collected times are naive, of the machine's zone
            # In full weeks, so that the retention does not change every night.
            retention = max(retention, _WEEK_HOURS * ceil((age + timedelta(hours=1)) / timedelta(hours=_WEEK_HOURS)))
    if retention:
        _set_retention(tables, stored, table, ceil(retention))
        stored.vacuum()
        return retention
    setting = "spark.databricks.delta.retentionDurationCheck.enabled"
    before = tables.spark.conf.get(setting, "true")
    tables.spark.conf.set(setting, "false")
    try:
        stored.vacuum(0.0)
    finally:
        tables.spark.conf.set(setting, str(before))
    return retention


def _set_retention(tables: Warehouse, stored: DeltaTable, table: Table, hours: int) -> None:
    """Sets the retention of files of older versions; writes nothing if it is set already, since concurrent writes fail
    on a change of the table's properties."""
    detail = stored.detail().select("properties").first()
    assert detail is not None
    default, wanted = f"interval {_WEEK_HOURS} hours", f"interval {hours} hours"
    if detail["properties"].get(_RETENTION, default) != wanted:
        least = min(_LOG_HOURS, 24 * table.log_days)
        log = f"interval {max(hours, least)} hours"  # files may not be retained longer than the log
        properties = {_RETENTION: wanted, "delta.logRetentionDuration": log}
        listed = ", ".join(f"{sql_literal(name)} = {sql_literal(value)}" for name, value in properties.items())
        tables.spark.sql(f"ALTER TABLE delta.{sql_identifier(tables.path(table))} SET TBLPROPERTIES ({listed})")
