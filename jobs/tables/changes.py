"""The days that a write of events changed, recorded in the same commit, so that a crash cannot lose them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date

from features.contract import EVENTS
from jobs.tables.warehouse import Warehouse

_KEY = "changed_days"


def note_of_days(days: Iterable[date]) -> str:
    """The note of a commit of events that changed these days."""
    return json.dumps({_KEY: [str(day) for day in sorted(days)]})


def changed_days(tables: Warehouse, after: int) -> dict[int, set[date]]:
    """By version of `events` later than `after`: the days that it changed."""
    newest = tables.version(EVENTS)
    if newest is None or newest <= after:
        return {}
    notes = tables.notes(EVENTS, newest - after)
    days = {version: json.loads(note)[_KEY] for version, note in notes.items() if version > after}
    return {version: set(map(date.fromisoformat, changed)) for version, changed in days.items()}
