"""Drops old nights, puts small files together, removes files of old versions; keeps what a live night was made from."""

from __future__ import annotations

from datetime import timedelta

from features.contract import RUNS
from jobs.online.registration import registered_colours
from jobs.online.store import feature_store_yaml, read_store
from jobs.registry.lineup import model_store
from jobs.runtime import clock
from jobs.runtime.command import main_of
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.logs import event
from jobs.runtime.night import Night
from jobs.tables.erasure import ALL_TABLES
from jobs.tables.upkeep import compact, drop_old_nights, guarded_versions, vacuum


def housekeep(night: Night) -> None:
    """Keeps every table as `housekeeping` in the configuration says, as of --as-of.

    Versions that a published night (of either colour) or the champion was made from stay readable, however old. The
    list of runs is never cut: it says which versions these are.
    """
    conf = night.conf.housekeeping
    unknown = sorted(set(conf.optimize) - {table.name for table in ALL_TABLES})
    if unknown:
        raise ConfigurationError(
            f"housekeeping.optimize names {', '.join(unknown)}, which are no tables.", "conf/base.yaml names some."
        )
    guarded = guarded_versions(night.tables, _published_runs(night), _champions(night))
    dropped = 0
    for table in ALL_TABLES:
        if not night.tables.exists(table):
            continue
        if table is not RUNS:
            nights = drop_old_nights(night.tables, table, night.as_of - timedelta(days=conf.keep_nights_days))
            dropped += nights
        if table.name in conf.optimize:
            compact(night.tables, table)
        hours = vacuum(night.tables, table, conf.vacuum_hours, guarded.get(table.name, set()), clock.now())
        event("table kept", table=table.name, hours=round(hours, 1), guarded=len(guarded.get(table.name, ())))
    night.record.rows = {"nights_dropped": dropped}


def _published_runs(night: Night) -> list[str]:
    if not feature_store_yaml(night.conf).exists():
        return []
    return [held.run_id for held in registered_colours(read_store(night.conf)).held.values()]


def _champions(night: Night) -> list[str]:
    champion = model_store(night).champion(night.as_of)
    return [champion.version] if champion else []


if __name__ == "__main__":
    main_of(housekeep)
