"""What `runs` recorded of the steps of a past night."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import Row

from features.contract import RUNS
from jobs.runtime.errors import LongtailError
from jobs.tables.upkeep import versions_of_step
from jobs.tables.warehouse import Warehouse

PUBLISH, PLAN = "publish", "plan_exposure"
_COMPLETE = ("done", "skipped")


@dataclass(frozen=True)
class RecordedStep:
    """A row of `runs`; times are UTC, `start_versions` and `environment` are empty in rows of older versions."""

    step: str
    run_id: str
    as_of: date
    started_at: datetime
    seconds: float
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    start_versions: Mapping[str, int]
    conf_hash: str
    code_version: str
    environment: Mapping[str, str]
    model_version: str | None
    rows: Mapping[str, int]
    decisions: Mapping[str, str]
    status: str

    @property
    def ended_at(self) -> datetime:
        """When its row was written."""
        return self.started_at + timedelta(seconds=self.seconds)

    @property
    def needed(self) -> set[tuple[str, int]]:
        """Table and version of all that it read and wrote, and of what it wrote over."""
        return versions_of_step(self.inputs, self.outputs, self.start_versions)


def read_runs(tables: Warehouse, as_of: date) -> list[RecordedStep]:
    """All rows of the night, in the order of their start. Raises LongtailError without any."""
    runs = tables.read_or_empty(RUNS)
    rows = runs.where(runs["as_of"] == as_of).orderBy("started_at").collect()
    if not rows:
        nights = sorted(row["as_of"] for row in runs.where(f"step = '{PLAN}'").select("as_of").distinct().collect())
        known = f"Name one from {nights[0]} to {nights[-1]}." if nights else "Run jobs/nightly.py first."
        raise LongtailError(f"No night of {as_of} ran in {tables.folder}.", known)
    return [_recorded(row) for row in rows]


def _recorded(row: Row) -> RecordedStep:
    values = {name: row[name] for name in RecordedStep.__dataclass_fields__}
    values |= {name: values[name] or {} for name in ("start_versions", "environment")}
    # Collected times are naive, of the machine's zone.
    return RecordedStep(**{**values, "started_at": row["started_at"].astimezone(UTC)})


def steps_of_night(runs: Sequence[RecordedStep], order: Sequence[str]) -> dict[str, RecordedStep]:
    """By step, in order, the run whose tables the night was published with, or planned with where it was not published.

    A night that was interrupted, or resumed after a change, has its steps in several runs: from the last step back,
    each is the newest that ended well before the one after it began.

    runs: of one night; order: names of all steps of a night

    Raises LongtailError if the night was never planned, or if `runs` lacks what a replay needs.
    """
    last = next((step for step in (PUBLISH, PLAN) if any(r.step == step and r.status == "done" for r in runs)), None)
    if last is None:
        raise LongtailError(
            f"The night of {runs[0].as_of} was never planned: no run of {PLAN} was done.",
            f"Complete it with jobs/nightly.py --as-of {runs[0].as_of}.",
        )
    chosen: dict[str, RecordedStep] = {}
    before: datetime | None = None
    for step in reversed(order[: order.index(last) + 1]):
        run = _newest(runs, step, before)
        if run is not None:
            chosen[step], before = run, run.started_at
    done = [run for run in chosen.values() if run.status == "done"]
    if not all(run.start_versions for run in done):
        raise LongtailError(
            f"The night of {runs[0].as_of} ran with an older version of Longtail, which did not record the versions of "
            "the tables when its steps began.",
            "Replay a night that ran with this version.",
        )
    return {step: chosen[step] for step in order if step in chosen}


def _newest(runs: Iterable[RecordedStep], step: str, before: datetime | None) -> RecordedStep | None:
    ended = [
        run
        for run in runs
        if run.step == step and run.status in _COMPLETE and (before is None or run.started_at < before)
    ]
    return max(ended, key=lambda run: run.started_at, default=None)


def model_versions_before(runs: Iterable[RecordedStep], training: str, moment: datetime) -> set[str]:
    """The versions that the runs of a training step of the night had registered by a moment."""
    versions: set[str] = set()
    for run in runs:
        if run.step == training and run.ended_at <= moment:
            named = (run.model_version, run.decisions.get("reference_version"))
            versions |= {version for version in named if version}
    return versions
