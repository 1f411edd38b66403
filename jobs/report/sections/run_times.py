"""How long each step took, next to the previous night."""

from __future__ import annotations

from jobs.report.night_figures import NightFigures
from jobs.report.page.numbers import seconds
from jobs.report.page.parts import Bar, Bars, Section, Words

_STATUS = {"failed": " — failed", "refused": " — refused", "skipped": " — not due"}


def run_times(reading: NightFigures, run_id: str | None = None) -> Section:
    """The steps of tonight in their order, the newest run of each; run_id: of this run only."""
    tonight = reading.runs[reading.runs["as_of"] == reading.as_of]
    if run_id is not None:
        tonight = tonight[tonight["run_id"] == run_id]
    if tonight.empty:
        nothing = Words(("No step of this night is recorded yet.",), ("runs",), mark="warn")
        return Section("times", "Run times", "", (nothing,))
    longest = max(float(tonight["seconds"].max()), 1e-9)
    bars = []
    for row in tonight.to_dict("records"):
        before = None if reading.previous_night is None else reading.run_of(row["step"], reading.previous_night)
        note = "" if before is None else f"{seconds(before['seconds'])} the night before"
        took = float(row["seconds"])
        bars.append(Bar(row["step"] + _STATUS.get(row["status"], ""), took / longest, seconds(took), note=note))
    lead = f"{seconds(float(tonight['seconds'].sum()))} in all until this page was written."
    return Section("times", "Run times", lead, (Bars("Time of each step", tuple(bars), ("runs",)),))
