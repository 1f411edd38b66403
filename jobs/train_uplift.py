"""Learns the effect of being shown from the draws of exploration slots, and registers it as a model of its own."""

from __future__ import annotations

import shutil

from features.contract import EVENTS, EXPLORATION_DRAWS, METRICS
from features.contract.metrics import (
    ALL,
    UPLIFT,
    UPLIFT_BOUGHT,
    UPLIFT_CAUSED,
    UPLIFT_CAUSED_HIGH,
    UPLIFT_CAUSED_LOW,
    UPLIFT_DRAWN,
)
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.registry.retries import RegistryUnansweredError
from jobs.runtime.logs import event, warning
from jobs.tables.sql import sql_starts_with
from jobs.uplift.inputs import FEATURE_NAMES
from jobs.uplift.log import UpliftLog, read_uplift_log
from jobs.uplift.versions import register_uplift, uplift_is_due, uplift_store
from model.cores import available_cores
from model.uplift.caused import Caused
from model.uplift.model import UpliftModel, fitted_uplift


def train_uplift(night: Night) -> None:
    """Fits the uplift model when it is due, registers it, and writes the share that exposure caused to metrics.

    Does nothing where uplift.alternatives is 0, before uplift.every_days have passed since the newest version, and
    while no recorded draw has a known outcome. A server of MLflow that does not answer leaves the newest version.
    """
    night.record.status = "skipped"
    if not night.conf.uplift.is_learnt:
        return
    store = uplift_store(night)
    if not uplift_is_due(night, store):
        return
    log = read_uplift_log(night)
    if log is None:
        event("no draw with a known outcome yet", step="train_uplift", as_of=night.as_of)
        return
    threads = max(1, available_cores() // 2)
    model = fitted_uplift(log.units, log.item_ids, FEATURE_NAMES, night.conf.seed, threads)
    figures = _figures(model.caused)
    folder = night.scratch / "uplift-model"
    shutil.rmtree(folder, ignore_errors=True)
    model.save(folder)
    params = {"configuration": night.conf.hash, "seed": str(night.conf.seed), "nights": str(log.nights)}
    try:
        version = register_uplift(store, folder, night.as_of, figures, params)
    except RegistryUnansweredError as error:
        warning("the newest uplift model stays, another could not be registered", problem=error.problem)
        return
    shutil.rmtree(folder)
    _write(night, figures)
    _record(night, version, log, model)


def _figures(caused: Caused | None) -> dict[str, float]:
    """By name; none where nothing was bought after a drawn exposure."""
    if caused is None:
        return {}
    return {
        UPLIFT_DRAWN: float(caused.units),
        UPLIFT_BOUGHT: caused.responses,
        UPLIFT_CAUSED: caused.share,
        UPLIFT_CAUSED_LOW: caused.low,
        UPLIFT_CAUSED_HIGH: caused.high,
    }


def _write(night: Night, figures: dict[str, float]) -> None:
    read = {table.name: night.tables.inputs[table.name] for table in (EVENTS, EXPLORATION_DRAWS)}
    rows = [(night.as_of, name, ALL, value, read) for name, value in figures.items()]
    frame = night.spark.createDataFrame(rows, METRICS.schema)
    night.tables.replace_date(frame, METRICS, night.as_of, sql_starts_with("name", UPLIFT))


def _record(night: Night, version: str, log: UpliftLog, model: UpliftModel) -> None:
    night.record.status = "done"
    night.record.model_version = version
    night.record.rows = {"units": len(log.units), "drawn": int(log.units.drawn.sum()), "nights": log.nights}
    if log.sampled < 1:
        night.record.decisions["sampled"] = f"{log.sampled:.4f} of the shoppers"
    if model.caused is not None:
        night.record.decisions["caused_share"] = f"{model.caused.share:.4f}"


if __name__ == "__main__":
    main_of(train_uplift)
