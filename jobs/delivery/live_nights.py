"""Which planned nights shoppers were shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from jobs.runtime.manifest import done_runs
from jobs.tables.warehouse import Warehouse


def live_nights(tables: Warehouse, planned: Iterable[date]) -> list[date]:
    """Those of the planned nights that went live, oldest first.

    A night that was planned and stopped before it was published, or made again for the past, was shown to nobody: its
    exposures are those of the night before. Of a store that never published, since its storefront reads the tables
    itself, every planned night counts. A night that `roll_back` took back counts as live, for the registry alone knows.
    """
    published = {run["as_of"] for run in done_runs(tables, "publish")}
    nights = sorted(set(planned))
    return [night for night in nights if night in published] if published else nights
