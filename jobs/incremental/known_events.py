"""The events that earlier nights' features were built from, and the nights that late events have outdated."""

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
    """The state before a night is built.

    newest: the newest run of an earlier date
    builders: by night, the last run that built its features, for nights and cuts of trainings of the last
        `source.restate_days`
    changed: by version of `events`, the days whose events were added or corrected since the oldest of these runs
    """

    newest: Row | None
    builders: Mapping[date, Row]
    changed: Mapping[int, set[date]]

    def days_since(self, run: Row) -> set[date]:
        """The days whose events were added or corrected since a run."""
        return {day for version, days in self.changed.items() if version > _version(run) for day in days}

    def is_outdated(self, night: date) -> bool:
        """Whether an event before a night was added or corrected since the night was built."""
        return any(day < night for day in self.days_since(self.builders[night]))


def known_before(night: Night) -> Known:
    """The state of the nights before this one."""
    newest = last_done(night.tables, STEP, before=night.as_of)
    first = night.as_of - timedelta(days=night.conf.source.restate_days)
    builders: dict[date, Row] = {}
    for run in done_runs(night.tables, STEP):
        dates = map(date.fromisoformat, json.loads(run["decisions"].get("dates", "[]")))
        builders |= {day: run for day in dates if first <= day < night.as_of}
    runs = [*builders.values(), *([newest] if newest else [])]
    changed = changed_days(night.tables, after=min(map(_version, runs))) if runs else {}
    return Known(newest, builders, changed)


def _version(run: Row) -> int:
    version: int = run["inputs"][EVENTS.name]
    return version
