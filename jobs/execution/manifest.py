"""Runs a step and records it in `runs`: inputs, outputs, rows, decisions, seconds, status, configuration, libraries."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from features.contract import RUNS
from jobs.config.configuration import Config
from jobs.execution.configurations import store_configuration
from jobs.execution.night import Night, Record, Step
from jobs.runtime import clock
from jobs.runtime.environment import environment
from jobs.runtime.errors import how_it_ended
from jobs.runtime.logs import event, milestone
from jobs.runtime.progress import progress_of
from jobs.runtime.storage_errors import storage_errors_in_words
from jobs.tables.warehouse import Warehouse


def run_step(
    step: Step,
    spark: SparkSession,
    conf: Config,
    as_of: date,
    run_id: str,
    usual_seconds: float | None = None,
    rules: str = "",
) -> tuple[Night, float]:
    """Runs one step for one date; returns its night and its seconds. The row in `runs` is written whatever happens.

    usual_seconds: how long the step took the last time, for the estimate that the console shows
    rules: as `Night.rules`
    """
    name = step.__name__
    night = Night(conf, as_of, run_id, spark, Warehouse(spark, conf.warehouse), Record(), rules)
    started_at, started = clock.now(), clock.seconds()
    event("step started", run=run_id, step=name, as_of=as_of)
    try:
        with progress_of(name, usual_seconds), storage_errors_in_words():
            step(night)
    except BaseException as error:
        night.record.status = how_it_ended(error)
        with suppress(Exception):  # the step's own error is the one to report
            _write(night, name, started_at, clock.seconds() - started)
        _report_end(night, name, clock.seconds() - started)
        raise
    seconds = clock.seconds() - started
    _write(night, name, started_at, seconds)
    _report_end(night, name, seconds)
    return night, seconds


def _report_end(night: Night, step: str, seconds: float) -> None:
    record = night.record
    outcome = rows_in_words(record.rows) if record.status == "done" else record.status
    milestone(
        f"step {record.status}", f"{step:<18}{seconds:>6,.0f} s   {outcome}".rstrip(),
        run=night.run_id, step=step, as_of=night.as_of, seconds=round(seconds, 1), **record.rows,
    )  # fmt: skip


def rows_in_words(rows: dict[str, int]) -> str:
    """The main counts of a step: '988 k pairs'; of a step that judges rows what it did with those of each table.

    'rows of events 1.9 M, users 2,469; rejected 27; parked 4,384': the rows of a table, such as observations of items,
    are more than the items.
    """
    judged = {outcome: _counts_of(rows, f"_{outcome}") for outcome in ("accepted", "rejected", "parked")}
    if not judged["accepted"]:
        return ", ".join(f"{_rounded(count)} {name.replace('_', ' ')}" for name, count in rows.items() if count)
    accepted = ", ".join(f"{table} {_rounded(count)}" for table, count in judged["accepted"].items())
    others = [
        f"{outcome} {_rounded(sum(judged[outcome].values()))}" for outcome in ("rejected", "parked") if judged[outcome]
    ]
    return "; ".join([f"rows of {accepted}", *others])


def _counts_of(rows: dict[str, int], suffix: str) -> dict[str, int]:
    return {name.removesuffix(suffix): count for name, count in rows.items() if name.endswith(suffix) and count}


def _rounded(count: int) -> str:
    if count < 10_000:
        return f"{count:,}"
    return f"{count / 1e3:.0f} k" if count < 1e6 else f"{count / 1e6:.1f} M"


def last_done(tables: Warehouse, step: str, before: date | None = None, at: date | None = None) -> Row | None:
    """The last run in `done_runs` of the newest date, which is before `before` or exactly `at`."""
    runs = [
        run
        for run in done_runs(tables, step)
        if (before is None or run["as_of"] < before) and (at is None or run["as_of"] == at)
    ]
    newest = max((run["as_of"] for run in runs), default=None)
    return next((run for run in reversed(runs) if run["as_of"] == newest), None)


def usual_seconds(tables: Warehouse) -> dict[str, float]:
    """By step, how long its newest run that was done took."""
    done = tables.read_or_empty(RUNS).where(F.col("status") == "done")
    newest = done.groupBy("step").agg(F.max_by("seconds", "started_at").alias("seconds"))
    return {row["step"]: row["seconds"] for row in newest.collect()}


def done_runs(tables: Warehouse, step: str) -> list[Row]:
    """as_of, run_id, inputs, decisions and ended_at of a step's runs that were done, in the order of their start.

    ended_at: seconds since 1970
    """
    done = tables.read_or_empty(RUNS).where((F.col("step") == step) & (F.col("status") == "done"))
    ended_at = (F.unix_micros("started_at") / 1e6 + F.col("seconds")).alias("ended_at")
    rows = done.orderBy("started_at").select("as_of", "run_id", "inputs", "decisions", ended_at)
    return tables.collected(rows, RUNS, step)


@cache
def code_version() -> str:
    """The first 12 hex digits of the SHA-256 of the Python files: the same for a checkout and its wheel."""
    digest = hashlib.sha256()
    for package in ("features", "jobs", "model"):
        for name, content in sorted(_sources(files(package), package)):
            digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()[:12]


def _sources(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _sources(entry, f"{name}/{entry.name}")
        elif entry.name.endswith(".py"):
            yield f"{name}/{entry.name}", entry.read_bytes()


def _write(night: Night, step: str, started_at: object, seconds: float) -> None:
    record, tables = night.record, night.tables
    inputs, outputs, at_start = dict(tables.inputs), dict(tables.outputs), dict(tables.start_versions)
    row = (
        night.run_id, step, night.as_of, started_at, inputs, outputs, night.conf.hash, code_version(),
        record.model_version, record.rows, record.decisions, seconds, record.status, at_start,
        environment(night.spark),
    )  # fmt: skip
    store_configuration(night.files, night.conf)
    tables.add(night.spark.createDataFrame([row], RUNS.schema), RUNS)
