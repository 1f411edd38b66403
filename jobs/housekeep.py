"""Drops old days, compacts small files, removes files of old versions; keeps the versions behind a live night."""

from __future__ import annotations

from datetime import timedelta

from jobs.config.housekeeping import Housekeeping
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.online.registration import registered_colours
from jobs.online.store import has_store, read_store
from jobs.registry.active_models import model_store
from jobs.runtime import clock
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.logs import event
from jobs.tables.erasure import ALL_TABLES
from jobs.tables.upkeep import compact, day_column, drop_old_days, guarded_versions, vacuum


def housekeep(night: Night) -> None:
    """Maintains every table as configured in `housekeeping`, as of --as-of.

    Versions that a published night (of either colour) or the champion was computed from stay readable, however old. The
    table runs is never shortened, since it names these versions.
    """
    conf = night.conf.housekeeping
    _require_tables_with_days(conf)
    guarded = guarded_versions(night.tables, _published_runs(night), _champions(night))
    dropped: dict[str, int] = {}
    for table in ALL_TABLES:
        if not night.tables.exists(table):
            continue
        upkeep, needed = conf.of(table.name), guarded.get(table.name, set())
        if upkeep.keep_days is not None and day_column(table) is not None:
            days = drop_old_days(night.tables, table, night.as_of - timedelta(days=upkeep.keep_days))
            dropped |= {table.name: days} if days else {}
        if upkeep.optimize:
            compact(night.tables, table)
        hours = vacuum(night.tables, table, upkeep.vacuum_hours, needed, clock.now())
        event("table maintained", table=table.name, hours=round(hours, 1), guarded=len(needed))
    night.record.rows = dropped


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


def _champions(night: Night) -> list[str]:
    champion = model_store(night).champion(night.as_of)
    return [champion.version] if champion else []


if __name__ == "__main__":
    main_of(housekeep)
