"""How long each step took, next to the previous night."""

from __future__ import annotations

from jobs.language.sentences import phrase, say
from jobs.report.night_figures import NightFigures
from jobs.report.page.numbers import seconds
from jobs.report.page.parts import Bar, Bars, Section, Words

_STATUS = {
    "failed": phrase("{step} — failed"), "refused": phrase("{step} — refused"), "skipped": phrase("{step} — not due"),
}  # fmt: skip


def run_times(reading: NightFigures, run_id: str | None = None) -> Section:
    """The steps of tonight in their order, the newest run of each; run_id: of this run only."""
    tonight = reading.runs[reading.runs["as_of"] == reading.as_of]
    if run_id is not None:
        tonight = tonight[tonight["run_id"] == run_id]
    if tonight.empty:
        nothing = Words((say("No step of this night is recorded yet."),), ("runs",), mark="warn")
        return Section("times", say("Run times"), "", (nothing,))
    longest = max(float(tonight["seconds"].max()), 1e-9)
    bars = []
    for row in tonight.to_dict("records"):
        before = None if reading.previous_night is None else reading.run_of(row["step"], reading.previous_night)
        note = "" if before is None else say("{time} the night before", time=seconds(before["seconds"]))
        took, status = float(row["seconds"]), row["status"]
        label = say(_STATUS[status], step=row["step"]) if status in _STATUS else row["step"]
        bars.append(Bar(label, took / longest, seconds(took), note=note))
    all_steps = seconds(float(tonight["seconds"].sum()))
    lead = say("{time} in all until this page was written.", time=all_steps)
    return Section("times", say("Run times"), lead, (Bars(say("Time of each step"), tuple(bars), ("runs",)),))
