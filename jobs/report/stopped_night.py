"""The page and the alert of a night that did not come to its end: why, and what readers have meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.alerts.alert import Alert
from jobs.alerts.sending import send
from jobs.execution.manifest import done_runs
from jobs.execution.night import Night
from jobs.online.roll_backs import taken_back
from jobs.report.night_tables import Reading, day_words
from jobs.report.page.parts import Section, Words
from jobs.report.page.rendering import Page, rendered
from jobs.report.page_files import page_of
from jobs.report.sections.data_quality import data_quality
from jobs.report.sections.drift import drift
from jobs.report.sections.run_times import run_times
from jobs.runtime.atomic_file import write_atomically
from jobs.runtime.errors import LongtailError, how_it_ended
from jobs.runtime.logs import event
from jobs.tables.warehouse import Warehouse

NAME = "nightly"  # of the file of alerts


def report_stop(night: Night, step: str, error: Exception) -> None:
    """Sends an alert and writes <warehouse>/reports/<as_of>-stopped.html; a page of the same date stays as it is.

    Of an error that nobody foresaw both name the kind alone, since its text may hold anything. What goes wrong here is
    an event of the log: the step's own error is the one to be told, and Spark may be what has failed.
    """
    word = how_it_ended(error)
    log = f"logs/{night.run_id}.log"
    why = (error.problem, error.remedy) if isinstance(error, LongtailError) else (type(error).__name__, f"See {log}.")
    text = f"the night was {word} in {step}: {why[0]}"
    look_at = f"{page_of(night, stopped=True).relative_to(night.folder)} and {log} in the warehouse"
    try:
        send(night, NAME, [Alert(f"night.{word}", "critical", night.as_of, step, text, look_at)])
    except Exception as another:
        event("the alert of the stop could not be sent", as_of=night.as_of, step=step, why=type(another).__name__)
    try:
        write_atomically(page_of(night, stopped=True), _page(night, step, word, why))
    except Exception as another:
        event("the page of the stop could not be made", as_of=night.as_of, step=step, why=type(another).__name__)


def report_end(night: Night) -> None:
    """Takes back what a run that was stopped before said of the night."""
    page_of(night, stopped=True).unlink(missing_ok=True)
    send(night, NAME, [])


def _page(night: Night, step: str, word: str, why: tuple[str, str]) -> str:
    reading = Reading(Warehouse(night.spark, night.conf.warehouse), night.conf, night.as_of)
    sections = (_stop(night, reading, step, word, why), *_more(reading, step), run_times(reading, night.run_id))
    about = f"It was stopped in {step}. Run {night.run_id}, configuration {night.conf.hash}."
    return rendered(
        Page("Stopped: the night of", night.as_of, about, sections, reading.tables.inputs, night.conf.warehouse)
    )


def _stop(night: Night, reading: Reading, step: str, word: str, why: tuple[str, str]) -> Section:
    gone, runs = taken_back(night.folder), ("runs",)
    published = [run["as_of"] for run in done_runs(reading.tables, "publish") if run["run_id"] not in gone]
    if not published:
        online = "No night has been published by this warehouse."
    elif published[-1] == reading.as_of:
        online = "The lists of this night are online."
    else:
        online = f"Readers have the last night that was published, that of {day_words(published[-1])}."
    blocks = (
        Words(why[:1], runs, title=f"{step} {word}", mark="bad"),
        Words(why[1:], runs, title="What to do"),
        Words((online,), runs, title="What readers have"),
    )
    return Section("stopped", "Why the night was stopped", "Run it again when the cause is mended.", blocks)


def _more(reading: Reading, step: str) -> Iterator[Section]:
    """What came in, where ingest took it in, and the drift where that is what stopped the night."""
    ingested = reading.run_of("ingest")
    sections = [data_quality] if ingested is not None and ingested["status"] == "done" else []
    for section in [*sections, *([drift] if step == "check_drift" else [])]:
        made = section(reading)
        if made.sources <= reading.tables.inputs.keys():  # of a first night that stopped early some are not there
            yield made
