"""The page and the alert of a night that did not come to its end: why, and what the storefront shows meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jobs.alerts.alert import Alert
from jobs.alerts.sending import send
from jobs.report.page.parts import Section, Words
from jobs.report.page.rendering import Page, rendered
from jobs.report.pages import page_of, put_page
from jobs.report.reading import Reading, day_words
from jobs.report.sections.data_quality import data_quality
from jobs.report.sections.drift import drift
from jobs.report.sections.run_times import run_times
from jobs.runtime.command import told
from jobs.runtime.errors import REFUSED, LongtailError
from jobs.runtime.logs import event
from jobs.runtime.manifest import last_done
from jobs.runtime.night import Night
from jobs.tables.warehouse import Warehouse

# What steps of the night may have to say about the stop. Ingest writes nothing where it refuses, drift its figures.
_MORE: dict[tuple[str, tuple[str, ...]], Callable[[Reading], Section]] = {
    ("ingest", ("done",)): data_quality,
    ("check_drift", ("done", "refused")): drift,
}


def tell_stop(night: Night, step: str, error: Exception) -> None:
    """Writes <warehouse>/reports/<as_of>-stopped.html and sends an alert; a page of the same date stays as it is.

    Whatever goes wrong here is an event of the log: the step's own error is the one to be told.
    """
    try:
        word = "refused" if isinstance(error, LongtailError) and error.exit_code == REFUSED else "failed"
        why = _why(error)
        reading = Reading(Warehouse(night.spark, night.conf.warehouse), night.conf, night.as_of)
        sections = (_stop(reading, step, word, why), *_more(reading), run_times(reading))
        about = f"It was stopped in {step}. Run {night.run_id}, configuration {night.conf.hash}."
        page = Page("Stopped: the night of", night.as_of, about, sections, reading.tables.inputs, night.conf.warehouse)
        place = page_of(night, stopped=True)
        put_page(place, rendered(page))
        look_at = f"{place.relative_to(night.folder)} in the warehouse, and logs/{night.run_id}.log"
        text = f"the night was {word} in {step}: {why[0]}"
        send(night, "nightly", [Alert(f"night.{word}", "critical", night.as_of, step, text, look_at)])
    except Exception as another:
        event("the stop could not be told", as_of=night.as_of, step=step, why=told(another))


def _why(error: Exception) -> tuple[str, ...]:
    return (error.problem, error.remedy) if isinstance(error, LongtailError) else (told(error),)


def _stop(reading: Reading, step: str, word: str, why: tuple[str, ...]) -> Section:
    published = last_done(reading.tables, "publish")
    if published is None:
        online = "No night has been published by this warehouse."
    elif published["as_of"] == reading.as_of:
        online = "The lists of this night are online."
    else:
        online = f"Readers have the last night that was published, that of {day_words(published['as_of'])}."
    runs = ("runs",)
    blocks = [
        Words(why[:1], runs, title=f"{step} {word}", mark="bad"),
        Words((online,), runs, title="What readers have"),
    ]
    if why[1:]:
        blocks.insert(1, Words(why[1:], runs, title="What to do"))
    return Section("stopped", "Why the night was stopped", "Run it again when the cause is mended.", tuple(blocks))


def _more(reading: Reading) -> Iterator[Section]:
    for (step, statuses), section in _MORE.items():
        run = reading.run_of(step)
        if run is not None and run["status"] in statuses:
            made = section(reading)
            if made.sources <= reading.tables.inputs.keys():  # of a first night that stopped early some are not there
                yield made
