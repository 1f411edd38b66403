"""Which events the features of earlier nights were made from, and which of these nights late ones have outdated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import Row

from features.contract import EVENTS
from jobs.execution.manifest import done_runs, last_done
from jobs.execution.night import Night
from jobs.tables.changes import changed_days

STEP = "build_features"


@dataclass(frozen=True)
class Known:
    """What is known before a night is built.

    `built` is the newest run of an earlier date. `makers` are the runs that made the features of earlier nights last,
    by night: of the last `source.restate_days`, the cuts of trainings among them. `changed` are the days of events that
    came in, or were corrected, by version of that table, since the oldest of all these runs.
    """

    built: Row | None
    makers: Mapping[date, Row]
    changed: Mapping[int, set[date]]

    def days_since(self, run: Row) -> set[date]:
        """The days that came in, or were corrected, since a run."""
        return {day for version, days in self.changed.items() if version > _version(run) for day in days}

    def is_outdated(self, night: date) -> bool:
        """Whether an event before a night that was made came in, or was corrected, since."""
        return any(day < night for day in self.days_since(self.makers[night]))


def what_is_known(night: Night) -> Known:
    """Of the nights before this one."""
    built = last_done(night.tables, STEP, before=night.as_of)
    first = night.as_of - timedelta(days=night.conf.source.restate_days)
    makers: dict[date, Row] = {}
    for run in done_runs(night.tables, STEP):
        made = map(date.fromisoformat, json.loads(run["decisions"].get("dates", "[]")))
        makers |= {day: run for day in made if first <= day < night.as_of}
    runs = [*makers.values(), *([built] if built else [])]
    changed = changed_days(night.tables, after=min(map(_version, runs))) if runs else {}
    return Known(built, makers, changed)


def _version(run: Row) -> int:
    version: int = run["inputs"][EVENTS.name]
    return version
