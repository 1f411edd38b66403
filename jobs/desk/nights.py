"""Which nights the desk shows, and which one is being written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from features.contract import ITEM_EXPOSURE, RUNS
from jobs.desk.stored_tables import StoredTables
from jobs.report.night_figures import newest_of_each_step

_PLANNED, _LAST = "plan_exposure", "monitor"
_ENDED_EARLY = ("failed", "refused")


@dataclass(frozen=True)
class Nights:
    """The nights with a plan. planned, complete: newest first; runs: newest row of `runs` of each step and night"""

    planned: tuple[date, ...]
    complete: tuple[date, ...]
    runs: pd.DataFrame

    @property
    def newest(self) -> date | None:
        """The newest complete night, or the newest planned one where none is complete."""
        return next(iter((*self.complete, *self.planned)), None)

    def notice(self, shown: date | None) -> str:
        """A sentence on the shown night, or a newer one, if it is not complete; '' if all is well."""
        if self.runs.empty:
            return ""
        newest = max(self.runs["as_of"])
        night = shown if shown is not None and shown not in self.complete else newest
        if night in self.complete:
            return ""
        steps = self.runs[self.runs["as_of"] == night]
        last = steps.iloc[-1]
        day = f"{night:%-d %B %Y}"
        if last["status"] in _ENDED_EARLY:
            return f"The night of {day} was stopped: {last['step']} {last['status']}."
        if night in self.planned and _LAST in set(steps["step"]):
            return f"The night of {day} is being written again; {last['step']} has run since its figures were computed."
        return f"The night of {day} is being written: {last['step']} has ended, {len(steps)} steps so far."


def nights_of(tables: StoredTables) -> Nights:
    """The nights of a warehouse; none of one that has no table yet."""
    runs = newest_of_each_step(tables.frame(RUNS, ("as_of", "step", "status", "started_at", "seconds")))
    stored = set(tables.nights(ITEM_EXPOSURE))
    planned: list[date] = []
    complete: list[date] = []
    for night in sorted(set(runs["as_of"]), reverse=True):
        steps = runs[runs["as_of"] == night]
        done = steps[steps["status"] == "done"]
        if night not in stored or _PLANNED not in set(done["step"]):
            continue
        planned.append(night)
        last = steps.iloc[-1]  # a training that failed or was refused does not stop a night
        if (last["step"], last["status"]) == (_LAST, "done"):
            complete.append(night)
    return Nights(tuple(planned), tuple(complete), runs)
