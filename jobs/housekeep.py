"""Drops old days, compacts small files, removes files of old versions; keeps the versions behind a live night."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta

from features.contract import PLAN_RULES
from features.contract.table import Table
from jobs.config.housekeeping import Housekeeping
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.online.registration import registered_colours
from jobs.online.store import has_store, read_store
from jobs.registry.active_models import model_store
from jobs.runtime import clock
from jobs.runtime.errors import ConfigurationError, Refused
from jobs.runtime.lock import STREAM, only_writer
from jobs.runtime.logs import event, warning
from jobs.tables.erasure import ALL_TABLES
from jobs.tables.upkeep import compact, day_column, drop_old_days, guarded_versions, vacuum
from jobs.tables.warehouse import STREAMED
from jobs.uplift.versions import newest_version


def housekeep(night: Night) -> None:
    """Maintains every table as configured in `housekeeping`, as of --as-of.

    Versions that a published night (of either colour), the champion or the newest uplift model was computed from stay
    readable, however old. The table runs is never shortened, since it names these versions, and plan_rules is
    left to the desk, which alone writes it. Under a URI the stream's tables are left out while the stream runs.
    """
    conf = night.conf.housekeeping
    _require_tables_with_days(conf)
    guarded = guarded_versions(night.tables, _published_runs(night), _models(night))
    night.record.rows = {}
    for table in ALL_TABLES:
        if table not in STREAMED and table is not PLAN_RULES:
            _maintain(night, table, guarded.get(table.name, set()))
    try:
        with _lock_of_the_stream(night):
            for table in STREAMED:
                _maintain(night, table, guarded.get(table.name, set()))
    except Refused as error:
        night.record.decisions["left_out"] = ", ".join(table.name for table in STREAMED)
        warning("live tables not maintained", why=error.problem, remedy="run housekeep when the stream is stopped")


def _maintain(night: Night, table: Table, needed: set[int]) -> None:
    if not night.tables.exists(table):
        return
    upkeep = night.conf.housekeeping.of(table.name)
    if upkeep.keep_days is not None and day_column(table) is not None:
        days = drop_old_days(night.tables, table, night.as_of - timedelta(days=upkeep.keep_days))
        night.record.rows |= {table.name: days} if days else {}
    if upkeep.optimize:
        compact(night.tables, table)
    hours = vacuum(night.tables, table, upkeep.vacuum_hours, needed, clock.now())
    event("table maintained", table=table.name, hours=round(hours, 1), guarded=len(needed))


def _lock_of_the_stream(night: Night) -> AbstractContextManager[object]:
    """Under a URI the stream and this job cannot write the same tables; on a local disk Delta lets both commit."""
    if not night.files.shared:
        return nullcontext()
    return only_writer(night.files, f"housekeep, run {night.run_id}", name=STREAM)


def _require_tables_with_days(conf: Housekeeping) -> None:
    """Raises ConfigurationError for a table that does not exist, or that has no days to drop."""
    known = {table.name: table for table in ALL_TABLES}
    for name, upkeep in conf.tables.items():
        if name not in known:
            raise ConfigurationError(
                f"housekeeping.tables names {name}, which is not a table.", f"Name one of {', '.join(sorted(known))}."
            )
        if upkeep.keep_days is not None and day_column(known[name]) is None:
            raise ConfigurationError(
                f"housekeeping.tables.{name}.keep_days is set, but {name} has no days to drop.", "Remove the key."
            )


def _published_runs(night: Night) -> list[str]:
    if not has_store(night.conf):
        return []
    return [published.run_id for published in registered_colours(read_store(night.conf)).held.values()]


def _models(night: Night) -> list[tuple[str, str]]:
    """By the step that trained it the version of each model that scores tonight."""
    champion = model_store(night).champion(night.as_of)
    uplift = newest_version(night) if night.conf.uplift.is_learnt else None
    by_step = {"train_relevance": champion, "train_uplift": uplift}
    return [(step, model.version) for step, model in by_step.items() if model]


if __name__ == "__main__":
    main_of(housekeep)
