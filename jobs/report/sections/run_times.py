"""How long each step took, against the last night."""

from __future__ import annotations

from jobs.report.night_tables import Reading
from jobs.report.page.numbers import seconds
from jobs.report.page.parts import Bar, Bars, Section, Words

_MARK = {"failed": " — failed", "refused": " — refused", "skipped": " — not due"}


def run_times(reading: Reading, run_id: str | None = None) -> Section:
    """The steps of tonight in their order, the newest run of each; or those of one run alone."""
    tonight = reading.runs[reading.runs["as_of"] == reading.as_of]
    if run_id is not None:
        tonight = tonight[tonight["run_id"] == run_id]
    if tonight.empty:
        nothing = Words(("No step of this night is recorded yet.",), ("runs",), mark="warn")
        return Section("times", "Run times", "", (nothing,))
    longest = max(float(tonight["seconds"].max()), 1e-9)
    bars = []
    for row in tonight.to_dict("records"):
        before = None if reading.last_night is None else reading.run_of(row["step"], reading.last_night)
        then = "" if before is None else f"{seconds(before['seconds'])} the night before"
        took = float(row["seconds"])
        bars.append(Bar(row["step"] + _MARK.get(row["status"], ""), took / longest, seconds(took), note=then))
    lead = f"{seconds(float(tonight['seconds'].sum()))} in all, by step, until this page was made."
    return Section("times", "Run times", lead, (Bars("Seconds a step", tuple(bars), ("runs",)),))
