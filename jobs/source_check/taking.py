"""What a night would ingest from a sample: read, mapped and checked by `ingest`, without a write."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS
from features.contract.table import FIRST_YEAR
from jobs.config.source import Files
from jobs.execution.night import Night
from jobs.ingest import take_store
from jobs.source_check.kept_rows import KeptRows
from jobs.source_check.sample import Sample, with_sample
from jobs.sources.files import FilesSource
from jobs.sources.intake import Intake
from jobs.sources.replacement import Window

_EARLIEST = date(FIRST_YEAR, 1, 1)  # of a plausible event


@dataclass(frozen=True)
class Taken:
    """The tables as a night would judge them, from the files of the sample; `intakes` has further ones of the source.

    taken_before: source_parts of the earlier nights; rows: those of the files, as they came
    """

    night: Night
    sample: Sample
    source: FilesSource
    taken_before: DataFrame
    intakes: list[Intake]
    rows: KeptRows

    def of(self, table: str) -> Intake:
        return next(intake for intake in self.intakes if intake.table.name == table)

    @property
    def files(self) -> Files:
        conf = self.night.conf.source.files
        assert conf is not None
        return conf


@contextmanager
def taken_in(night: Night, sample: Sample, taken_before: DataFrame, as_of: date | None) -> Iterator[Taken]:
    """Judges the sample; the memory of its rows is released at the end.

    as_of: date of the night; by default the day after the newest event that is not in the future
    """
    conf = night.conf.source.files
    assert conf is not None
    latest = as_of or datetime.now(UTC).date() + timedelta(days=1)
    rows, intakes = KeptRows(), list[Intake]()
    before = with_sample(night.spark, taken_before, sample, latest)
    source = FilesSource(night.spark, conf, before, latest, rows.read, night.conf.source.currency)
    try:
        if source.parts:
            night = replace(night, as_of=as_of or _day_after_newest(night, source, latest))
            with ThreadPoolExecutor(5) as executor:
                intakes = take_store(night, executor, source, Window(None, night.as_of))
        yield Taken(night, sample, source, taken_before, intakes, rows)
    finally:
        for intake in intakes:
            intake.release()
        rows.release()


def _day_after_newest(night: Night, source: FilesSource, before: date) -> date:
    """The day after the newest event of the files and the tables; `before` without any."""
    events = source.events(None, before)
    if "filtered" in events.columns:  # unless no file of events is new
        events = events.where(~F.col("filtered"))
    times = events.select("event_time").union(night.tables.read_or_empty(EVENTS).select("event_time"))
    plausible = (F.col("event_time") >= F.lit(_EARLIEST)) & (F.col("event_time") < F.lit(before))
    newest: date | None = times.where(plausible).agg(F.to_date(F.max("event_time")).alias("day")).collect()[0]["day"]
    return newest + timedelta(days=1) if newest is not None else before
