"""Nights without events: the source has stopped, the store was closed, or none of the events could be taken."""

from __future__ import annotations

import re
from datetime import date, timedelta

from pyspark.sql import functions as F

from features.contract import EVENTS, ITEMS, USERS
from features.quality import outcomes
from jobs.execution.manifest import last_done
from jobs.execution.night import Night
from jobs.runtime.errors import Refused
from jobs.sources.closed_days import closed_days
from jobs.sources.intake import Intake
from jobs.sources.replacement import Window
from jobs.sources.source import Source

SILENT_DAYS = 7


def require_events(night: Night, source: Source, intakes: list[Intake], window: Window) -> None:
    """Raises Refused when the last days of the window have no events, though the store is usually open on one of them.

    The message names what became of the events that came.

    intakes: items, users and events, and any others
    """
    events = next(intake for intake in intakes if intake.table is EVENTS)
    first = window.before - timedelta(days=SILENT_DAYS)
    if window.since:
        first = max(first, window.since)
    is_rerun = last_done(night.tables, "ingest", at=night.as_of) is not None and not source.whole
    if is_rerun or (events.newest is not None and events.newest >= first):
        return
    days = [first + timedelta(days=number) for number in range((window.before - first).days)]
    if window.since and set(days) <= closed_days(night, events.accepted, days):
        return
    what_came = _what_came(intakes, events, window.before)
    unusable = (outcomes.REJECTED, outcomes.PARKED, outcomes.FILTERED)
    if events.newest is None and any(events.count(outcome) for outcome in unusable):
        raise Refused(
            f"No event of the source can be used: {what_came}.",
            "Correct the mapping or the files; nothing was written.",
        )
    of_those = f" Of those that came: {what_came}." if what_came else ""
    raise Refused(
        f"The source has no events between {first} and {window.before}.{of_those}",
        "Choose a date that the source has reached, or check why it has stopped; if the store was closed, name these "
        "days in source.volume.closed. Nothing was written.",
    )


def _what_came(intakes: list[Intake], events: Intake, before: date) -> str:
    """The rows of events that were not accepted, by outcome and most frequent reason, in words."""
    parts = []
    for outcome, words in (
        (outcomes.REJECTED, "{rows} rejected ({reason}{example})"),
        (outcomes.PARKED, "{rows} parked ({reason}{example})"),
        (outcomes.FILTERED, "{rows} left out by `where`"),
        (outcomes.DUPLICATE, "{rows} known already"),
        (outcomes.LATER, f"{{rows}} of {before} or later"),
    ):
        rows = events.count(outcome)
        if rows:
            reason, example = "", ""
            if outcome in (outcomes.REJECTED, outcomes.PARKED):
                reason, example = events.main_reason(outcome)
            if reason in (outcomes.ITEM_UNKNOWN, outcomes.USER_UNKNOWN):
                example = _unknown_id(intakes, events, reason)
            parts.append(words.format(rows=rows, reason=reason, example=f", such as {example}" if example else ""))
    return ", ".join(parts)


def _unknown_id(intakes: list[Intake], events: Intake, reason: str) -> str:
    """The form of an id that is not known next to that of a known one; a log must not hold the ids of shoppers."""
    key, table = ("item_id", ITEMS) if reason == outcomes.ITEM_UNKNOWN else ("user_id", USERS)
    unknown = events.judged.where(F.col("reason") == reason).agg(F.min(key).alias("id")).collect()[0]["id"]
    [delivered] = [intake for intake in intakes if intake.table.name == table.name]
    known = delivered.accepted.agg(F.min(key).alias("id")).collect()[0]["id"]
    known_form = f"'{form_of(known)}'" if known else "none"
    return f"'{form_of(unknown)}' in the events, {known_form} among tonight's {table.name} (0 is any digit, x a letter)"


def form_of(identifier: str) -> str:
    """An identifier with 0 for each digit and x for each letter."""
    return re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "0", identifier))
