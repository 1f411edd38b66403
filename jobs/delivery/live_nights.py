"""Which planned nights shoppers were shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from jobs.execution.manifest import done_runs
from jobs.online.roll_backs import taken_back
from jobs.tables.warehouse import Warehouse


def live_nights(tables: Warehouse, planned: Iterable[date]) -> list[date]:
    """Those of the planned nights that went live, oldest first.

    A night that was planned and stopped before it was published, or made again for the past, was shown to nobody: its
    exposures are those of the night before. Of a store that never published, since its storefront reads the tables
    itself, every planned night counts. A night whose newest publish `roll_back` took back does not count, although it
    was live for some hours.
    """
    published = {run["as_of"]: run["run_id"] for run in done_runs(tables, "publish")}
    gone = taken_back(tables.local_folder)
    nights = sorted(set(planned))
    return [night for night in nights if night in published and published[night] not in gone] if published else nights
