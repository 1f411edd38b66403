"""Drops old days, puts small files together, removes files of old versions; keeps what a live night was made from."""

from __future__ import annotations

from datetime import timedelta

from jobs.config.housekeeping import Housekeeping
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.online.registration import registered_colours
from jobs.online.store import feature_store_yaml, read_store
from jobs.registry.active_models import model_store
from jobs.runtime import clock
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.logs import event
from jobs.tables.erasure import ALL_TABLES
from jobs.tables.upkeep import compact, day_column, drop_old_days, guarded_versions, vacuum


def housekeep(night: Night) -> None:
    """Keeps every table as `housekeeping` in the configuration says, as of --as-of.

    Versions that a published night (of either colour) or the champion was made from stay readable, however old. The
    list of runs is never cut: it says which versions these are.
    """
    conf = night.conf.housekeeping
    _require_sense(conf)
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
        event("table kept", table=table.name, hours=round(hours, 1), guarded=len(needed))
    night.record.rows = dropped


def _require_sense(conf: Housekeeping) -> None:
    """Raises ConfigurationError for a table that there is not, or that has no days to drop."""
    known = {table.name: table for table in ALL_TABLES}
    for name, differs in conf.tables.items():
        if name not in known:
            raise ConfigurationError(
                f"housekeeping.tables names {name}, which is no table.", f"Tables are {', '.join(sorted(known))}."
            )
        if differs.keep_days is not None and day_column(known[name]) is None:
            raise ConfigurationError(
                f"housekeeping.tables.{name}.keep_days: {name} has no days that could be dropped.", "Leave it out."
            )


def _published_runs(night: Night) -> list[str]:
    if not feature_store_yaml(night.conf).exists():
        return []
    return [held.run_id for held in registered_colours(read_store(night.conf)).held.values()]


def _champions(night: Night) -> list[str]:
    champion = model_store(night).champion(night.as_of)
    return [champion.version] if champion else []


if __name__ == "__main__":
    main_of(housekeep)
