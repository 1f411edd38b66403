"""Stored rows that a new delivery of their file replaces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS
from features.contract.table import Table
from jobs.runtime.logs import event
from jobs.sources.dated import DAY, TIME
from jobs.sources.source import Source
from jobs.tables.sql import sql_identifier, sql_literal


@dataclass(frozen=True)
class Window:
    """The days that a night ingests, [since, before); all days before `before` when `since` is None."""

    since: date | None
    before: date

    def sql(self, column: str) -> str:
        """The window as a condition on a DATE column."""
        name = sql_identifier(column)
        start = f"{name} >= {sql_literal(self.since)} AND " if self.since else ""
        return f"{start}{name} < {sql_literal(self.before)}"


def outdated(source: Source, window: Window, table: Table = EVENTS) -> Column:
    """Whether the source now replaces a row of a table."""
    if source.whole:
        return F.expr(window.sql(DAY[table.name]))
    parts = source.replaced(table)
    replaced = F.col("source_part").isin([part for part, since in parts.items() if since is None])
    for since, partly in _by_start(parts).items():
        replaced = replaced | (F.col("source_part").isin(partly) & (F.col(TIME[table.name]) >= F.lit(since)))
    return F.coalesce(replaced, F.lit(False)) & (F.col(DAY[table.name]) < F.lit(window.before))


def report_older_rows(source: Source, stored: DataFrame) -> None:
    """Logs the number of stored events that stay though their changed file no longer has them: the file may be an
    export of the last days, or its first rows were deleted."""
    starts = _by_start(source.rolled(EVENTS))
    if not starts:
        return
    older = F.lit(False)
    for first, places in starts.items():
        older = older | (F.col("source_part").isin(places) & (F.col(TIME[EVENTS.name]) < F.lit(first)))
    counted = stored.where(older).agg(F.count("*").alias("events"), F.countDistinct("event_date").alias("days"))
    [row] = counted.collect()
    if row["events"]:
        event(
            "events kept that are older than their changed file", events=row["events"], days=row["days"],
            remedy="if they were deleted there, set when_changed: replace for the input and run the night again",
        )  # fmt: skip


def _by_start(parts: dict[str, datetime | None]) -> dict[datetime, list[str]]:
    starts: dict[datetime, list[str]] = {}
    for part, since in parts.items():
        if since is not None:
            starts.setdefault(since, []).append(part)
    return starts
