"""Keeps tables small and fast: old partitions, small files, files of old versions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import functions as F

from features.contract import RUNS
from features.contract.table import Table
from jobs.tables.warehouse import Warehouse


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
    """By table: the versions that these runs, and the runs that trained these models, read or wrote."""
    runs = tables.read_or_empty(RUNS)
    trained = runs.where((F.col("step") == "train_relevance") & F.col("model_version").isin(list(model_versions)))
    ids = {*run_ids, *(row["run_id"] for row in trained.select("run_id").collect())}
    guarded: dict[str, set[int]] = {}
    for row in runs.where(F.col("run_id").isin(list(ids))).select("inputs", "outputs").collect():
        for versions in (row["inputs"], row["outputs"]):
            for name, version in (versions or {}).items():
                guarded.setdefault(name, set()).add(version)
    return guarded


def vacuum(tables: Warehouse, table: Table, hours: float, guarded: set[int], now: datetime) -> float:
    """Removes files that no version of the last `hours` needs and no guarded one; returns the hours that were kept.

    A version needs the files that the version after it removed, and VACUUM goes by the time of that removal: so what is
    kept reaches back to the commit after the oldest guarded version (Delta protocol, "Remove File").
    """
    from delta.tables import DeltaTable

    stored = DeltaTable.forPath(tables.spark, tables.path(table))
    kept = hours
    if guarded:
        after = stored.history().where(F.col("version") == min(guarded) + 1).select("timestamp").first()
        if after is not None:
            age = now - after["timestamp"].astimezone(UTC)  # collected times are naive, of the machine's zone
            kept = max(kept, (age + timedelta(hours=1)) / timedelta(hours=1))
    setting = "spark.databricks.delta.retentionDurationCheck.enabled"
    before = tables.spark.conf.get(setting, "true")
    tables.spark.conf.set(setting, "false")
    try:
        stored.vacuum(kept)
    finally:
        tables.spark.conf.set(setting, str(before))
    return kept
