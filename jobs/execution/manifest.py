"""Runs a step and records it in `runs`: inputs, outputs, rows, decisions, seconds, status."""

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
from jobs.execution.night import Night, Record, Step
from jobs.runtime import clock
from jobs.runtime.errors import how_it_ended
from jobs.runtime.logs import event
from jobs.tables.warehouse import Warehouse


def run_step(step: Step, spark: SparkSession, conf: Config, as_of: date, run_id: str) -> tuple[Night, float]:
    """Runs one step for one date; returns its night and its seconds. The row in `runs` is written whatever happens."""
    name = step.__name__
    night = Night(conf, as_of, run_id, spark, Warehouse(spark, conf.warehouse), Record())
    started_at, started = clock.now(), clock.seconds()
    event("step started", run=run_id, step=name, as_of=as_of)
    try:
        step(night)
    except BaseException as error:
        night.record.status = how_it_ended(error)
        with suppress(Exception):  # the step's own error is the one to be told
            _write(night, name, started_at, clock.seconds() - started)
        raise
    took = clock.seconds() - started
    _write(night, name, started_at, took)
    event(
        f"step {night.record.status}", run=run_id, step=name, as_of=as_of, seconds=round(took, 1), **night.record.rows
    )
    return night, took


def last_done(tables: Warehouse, step: str, before: date | None = None, at: date | None = None) -> Row | None:
    """The newest run of `done_runs` for a date before `before`, or exactly `at`; the last of those of one date."""
    runs = [
        run
        for run in done_runs(tables, step)
        if (before is None or run["as_of"] < before) and (at is None or run["as_of"] == at)
    ]
    newest = max((run["as_of"] for run in runs), default=None)
    return next((run for run in reversed(runs) if run["as_of"] == newest), None)


def done_runs(tables: Warehouse, step: str) -> list[Row]:
    """as_of, run_id, inputs and decisions of the runs of a step that were done, in the order of time."""
    done = tables.read_or_empty(RUNS).where((F.col("step") == step) & (F.col("status") == "done"))
    rows = done.orderBy("started_at").select("as_of", "run_id", "inputs", "decisions")
    return tables.collected(rows, RUNS, step)


@cache
def code_version() -> str:
    """The first 12 hex digits of the SHA-256 of the program's Python files: the same for a checkout and its wheel."""
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
    record = night.record
    inputs, outputs = dict(night.tables.inputs), dict(night.tables.outputs)
    row = (
        night.run_id, step, night.as_of, started_at, inputs, outputs, night.conf.hash, code_version(),
        record.model_version, record.rows, record.decisions, seconds, record.status,
    )  # fmt: skip
    night.tables.add(night.spark.createDataFrame([row], RUNS.schema), RUNS)
