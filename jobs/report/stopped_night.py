"""The page, alert and message of a night that was stopped: why, and what readers get until it is run again."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.alerts.alert import Alert
from jobs.alerts.message import Message
from jobs.alerts.receivers import send_to_receivers
from jobs.alerts.sending import send
from jobs.execution.manifest import done_runs
from jobs.execution.night import Night
from jobs.language.sentences import paragraph, say, speaking
from jobs.online.roll_backs import rolled_back_runs
from jobs.report.night_figures import day_words
from jobs.report.night_tables import Reading
from jobs.report.page.parts import Section, Words
from jobs.report.page.rendering import Page, rendered
from jobs.report.page_files import page_of
from jobs.report.sections.data_quality import data_quality
from jobs.report.sections.drift import drift
from jobs.report.sections.run_times import run_times
from jobs.runtime.errors import LongtailError, how_it_ended
from jobs.runtime.logs import event, log_folder
from jobs.tables.warehouse import Warehouse

NAME = "nightly"  # of the file of alerts


def report_stop(night: Night, step: str, error: Exception) -> None:
    """Sends an alert and a message, and writes <warehouse>/reports/<as_of>-stopped.html.

    A page of the same date stays as it is. Of an unexpected error all three name only the kind, since its text may hold
    personal data. What fails here is logged and not raised: the step's own error matters more, and Spark itself may
    have failed.
    """
    with speaking(night.conf.report.language):
        _report_stop(night, step, error)


def _report_stop(night: Night, step: str, error: Exception) -> None:
    word = how_it_ended(error)
    log = _log_of(night)
    unexpected = (f"{type(error).__name__}.", say("See {log}.", log=log))
    why = (error.problem, error.remedy) if isinstance(error, LongtailError) else unexpected
    text = (
        say("The night was refused in {step}: {why}", step=step, why=why[0])
        if word == "refused"
        else say("The night was failed in {step}: {why}", step=step, why=why[0])
    )
    look_at = say("Read {page} in the warehouse and {log}.", page=page_of(night, stopped=True), log=log)
    try:
        send(night, NAME, [Alert(f"night.{word}", "critical", night.as_of, step, text, look_at)])
    except Exception as failure:
        event("alert of the stop not sent", as_of=night.as_of, step=step, why=type(failure).__name__)
    try:
        night.files.write(page_of(night, stopped=True), _page(night, step, word, why))
    except Exception as failure:
        event("page of the stop not written", as_of=night.as_of, step=step, why=type(failure).__name__)
    try:
        title = say("Night of {day}: stopped", day=night.as_of)
        send_to_receivers(night, Message(night.as_of, night.run_id, title, {"alerts": (text,)}, look_at))
    except Exception as failure:
        event("message of the stop not sent", as_of=night.as_of, step=step, why=type(failure).__name__)


def report_end(night: Night) -> None:
    """Removes the page and the alert of an earlier run of the night that was stopped."""
    night.files.delete(page_of(night, stopped=True))
    send(night, NAME, [])


def _log_of(night: Night) -> str:
    """The log of the run, on the driver's disk; within a local warehouse as people name it there."""
    log = log_folder(night.conf.warehouse) / f"{night.run_id}.log"
    root = night.files.root
    return str(log.relative_to(root)) if log.is_relative_to(root) else str(log)


def _page(night: Night, step: str, word: str, why: tuple[str, str]) -> str:
    reading = Reading(Warehouse(night.spark, night.conf.warehouse), night.conf, night.as_of)
    sections = (_stop(night, reading, step, word, why), *_more(reading, step), run_times(reading, night.run_id))
    about = paragraph(
        say("It was stopped in {step}.", step=step),
        say("Run {run}, configuration {hash}.", run=night.run_id, hash=night.conf.hash),
    )
    title = say("Stopped: the night of")
    return rendered(Page(title, night.as_of, about, sections, reading.tables.inputs, night.conf.warehouse))


def _stop(night: Night, reading: Reading, step: str, word: str, why: tuple[str, str]) -> Section:
    withdrawn, runs = rolled_back_runs(night.files), ("runs",)
    published = [run["as_of"] for run in done_runs(reading.tables, "publish") if run["run_id"] not in withdrawn]
    if not published:
        online = say("No night has been published by this warehouse.")
    elif published[-1] == reading.as_of:
        online = say("The lists of this night are online.")
    else:
        day = day_words(published[-1])
        online = say("Readers get the lists of the last published night, {day}.", day=day)
    title = say("{step} refused", step=step) if word == "refused" else say("{step} failed", step=step)
    blocks = (
        Words(why[:1], runs, title=title, mark="bad"),
        Words(why[1:], runs, title=say("What to do")),
        Words((online,), runs, title=say("What readers get")),
    )
    return Section("stopped", say("Why the night was stopped"), say("Run it again when the cause is fixed."), blocks)


def _more(reading: Reading, step: str) -> Iterator[Section]:
    """What came in, where ingest was done, and the drift where it stopped the night."""
    ingested = reading.run_of("ingest")
    sections = [data_quality] if ingested is not None and ingested["status"] == "done" else []
    for section in [*sections, *([drift] if step == "check_drift" else [])]:
        part = section(reading)
        if part.sources <= reading.tables.inputs.keys():  # a first night that stopped early lacks some tables
            yield part
