"""Which planned nights went live."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from jobs.execution.manifest import done_runs
from jobs.online.roll_backs import rolled_back_runs
from jobs.tables.warehouse import Warehouse


def live_nights(tables: Warehouse, planned: Iterable[date]) -> list[date]:
    """The planned nights that went live, oldest first.

    A night that failed before its publish, or was recomputed for the past, was never shown: exposures of its day belong
    to the night that was live then. Where nothing was ever published, the storefront reads the tables itself, and every
    planned night counts. A night whose newest publish was rolled back does not count, although it was live for some
    hours.
    """
    published = {run["as_of"]: run["run_id"] for run in done_runs(tables, "publish")}
    rolled_back = rolled_back_runs(tables.files)
    nights = sorted(set(planned))
    if not published:
        return nights
    return [night for night in nights if night in published and published[night] not in rolled_back]
