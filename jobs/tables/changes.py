"""Which days a write of events changed: said in the commit itself, so that no run that dies leaves a change untold."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date

from features.contract import EVENTS
from jobs.tables.warehouse import Warehouse

_KEY = "changed_days"


def note_of_days(days: Iterable[date]) -> str:
    """What a commit of events says of itself."""
    return json.dumps({_KEY: [str(day) for day in sorted(days)]})


def changed_days(tables: Warehouse, after: int) -> dict[int, set[date]]:
    """By version of the table events after the version `after`: the days that were changed by it."""
    newest = tables.version(EVENTS)
    if newest is None or newest <= after:
        return {}
    notes = tables.notes(EVENTS, newest - after)
    said = {version: json.loads(note) for version, note in notes.items() if version > after}
    return {version: {date.fromisoformat(day) for day in one[_KEY]} for version, one in said.items()}
