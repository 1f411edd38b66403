"""Writes of accepted rows, which cost as much as has changed: complete days of events and promotions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS, ITEMS, USERS
from features.contract.source_parts import SOURCE_PARTS
from features.quality.outcomes import LATER, content_hash
from features.versions import item_versions, newest_users
from jobs.execution.night import Night
from jobs.runtime.logs import event
from jobs.sources.dated import DAY
from jobs.sources.intake import Intake
from jobs.sources.replacement import Window, outdated, report_older_rows
from jobs.sources.source import Source
from jobs.tables.changes import note_of_days
from jobs.tables.sql import sql_in, sql_literal


def known_events(night: Night, source: Source, events: DataFrame, window: Window) -> DataFrame:
    """event_id, known_at, known_content of the events that are not replaced, from `source.restate_days` before the
    first of `events` on: a repeated event is looked for that far back."""
    stored = night.tables.read_or_empty(EVENTS).where(~outdated(source, window))
    first = events.agg(F.min("event_date").alias("first")).first()
    if first is None or first["first"] is None:
        return stored.limit(0).select(
            "event_id", F.col("ingested_at").alias("known_at"), F.lit(0).alias("known_content")
        )
    # A mistyped day such as 0001-01-01 must not move the search before the first day of the calendar.
    earliest = max(first["first"], date(2000, 1, 1)) - timedelta(days=night.conf.source.restate_days)
    return stored.where(F.col("event_date") >= F.lit(earliest)).select(
        "event_id", F.col("ingested_at").alias("known_at"), content_hash(EVENTS).alias("known_content")
    )


def write_events(
    night: Night, source: Source, intake: Intake, window: Window, identified: Collection[date] = ()
) -> list[date]:
    """Replaces the days of the accepted and of the outdated events in one commit, which records these days; returns
    them.

    For a whole source these are the window, and the days of parked events that are accepted now.

    identified: days on which visitors were identified, which change what is known on them as events do
    """
    accepted = intake.accepted
    changed = {row["event_date"] for row in accepted.select("event_date").distinct().collect()} | set(identified)
    if not night.tables.exists(EVENTS):
        where = f"event_date < {sql_literal(window.before)}"
        night.tables.replace(accepted, EVENTS, where, checked=True, note=note_of_days(changed))
        return sorted(changed)
    stored = night.tables.read(EVENTS)
    replaced = outdated(source, window)
    ids = accepted.select("event_id")
    changed |= {row["event_date"] for row in stored.where(replaced).select("event_date").distinct().collect()}
    if not source.whole:
        report_older_rows(source, stored)
        corrected = stored.where(F.col("event_date") >= F.lit(_days_back(changed, night.conf.source.restate_days)))
        corrected = corrected.join(ids, on="event_id", how="left_semi")
        changed |= {row["event_date"] for row in corrected.select("event_date").distinct().collect()}
        if not changed:
            return []
    inside = window.sql("event_date") if source.whole else "false"
    outside = sorted(day for day in changed if not source.whole or day < (window.since or date.min))
    where = f"({inside})" + (f" OR {sql_in('event_date', outside)}" if outside else "")
    rows = accepted
    if outside:
        unchanged = stored.where(F.expr(where) & ~replaced).join(ids, on="event_id", how="left_anti")
        rows = accepted.unionByName(unchanged.select(*EVENTS.column_names))
    night.tables.replace(rows, EVENTS, where, checked=True, note=note_of_days(changed))
    return sorted(changed)


def write_promotions(night: Night, source: Source, intake: Intake, window: Window) -> None:
    """As `write_events`, by the day on which promotions begin; a promotion is replaced by one of its key, and deleted
    if the new version of its file no longer has it."""
    _write_days(night, source, intake, window)


def write_searches(night: Night, source: Source, intake: Intake, window: Window) -> None:
    """As `write_promotions`, by the day of the search."""
    _write_days(night, source, intake, window)


def _write_days(night: Night, source: Source, intake: Intake, window: Window) -> None:
    table, day = intake.table, DAY[intake.table.name]
    if source.whole or not night.tables.exists(table):
        night.tables.replace(intake.accepted, table, window.sql(day), checked=True)
        return
    stored, replaced = night.tables.read(table), outdated(source, window, table)
    changed = intake.accepted.select(day).union(stored.where(replaced).select(day)).distinct()
    days = sorted(row[day] for row in changed.collect())
    if not days:
        return
    where = sql_in(day, days)
    unchanged = stored.where(F.expr(where) & ~replaced).join(intake.accepted, on=list(table.key), how="left_anti")
    night.tables.replace(intake.accepted.unionByName(unchanged), table, where, checked=True)


def write_items(night: Night, source: Source, observed: DataFrame) -> None:
    """Writes the item history of a whole source, or merges observations into the stored history."""
    if source.whole:
        night.tables.replace(observed, ITEMS, None, checked=True)
    elif not night.tables.exists(ITEMS) or not observed.isEmpty():
        known = night.tables.read_or_empty(ITEMS)
        night.tables.replace(item_versions(known, observed, source.unseen_days), ITEMS, None)


def write_users(night: Night, source: Source, intake: Intake) -> None:
    """Writes all shoppers of a whole source, or merges observations into the stored shoppers."""
    if source.whole:
        night.tables.replace(intake.accepted, USERS, None, checked=True)
    elif intake.any_accepted or not night.tables.exists(USERS):
        night.tables.replace(newest_users(night.tables.read_or_empty(USERS), intake.accepted), USERS, None)


def write_parts(night: Night, source: Source, intakes: list[Intake]) -> None:
    """Records the ingested files: the last table that ingest writes, so that an interrupted night starts again."""
    if source.whole or not source.parts:
        return
    waiting: set[str] = set()
    for intake in intakes:
        if intake.count(LATER) and "source_part" in intake.judged.columns:
            rows = intake.judged.where(F.col("outcome") == LATER).select("source_part").distinct().collect()
            waiting |= {row["source_part"] for row in rows}
    recorded = [
        (part.input, part.place, part.fingerprint, night.as_of, part.taken_until, part.place in waiting)
        for part in source.parts
    ]
    fresh = night.spark.createDataFrame(recorded, SOURCE_PARTS.schema)
    known = night.tables.read_or_empty(SOURCE_PARTS).join(fresh, on=list(SOURCE_PARTS.key), how="left_anti")
    night.tables.replace(known.unionByName(fresh), SOURCE_PARTS, None)
    event("source files recorded", files=len(recorded), with_later_rows=len(waiting))


def _days_back(days: set[date], restate: int) -> date:
    return (min(days) if days else date.max) - timedelta(days=restate)
