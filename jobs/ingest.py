"""The store's tables to the contract: checked, deduplicated, balanced."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import functions as F

from features.contract import EVENTS, ITEMS, PROMOTIONS, USERS
from features.quality.outcomes import ACCEPTED
from jobs.runtime.command import main_of
from jobs.runtime.errors import Refused
from jobs.runtime.logs import event
from jobs.runtime.manifest import last_done
from jobs.runtime.night import Night
from jobs.sources import Source, source_of
from jobs.sources.intake import Intake, Reference, require_few_rejected, take_in, write_refused

SILENT_DAYS = 7


@dataclass(frozen=True)
class Window:
    """The days that a night takes in, [since, before); all there were before it when `since` is None."""

    since: date | None
    before: date

    def sql(self, column: str) -> str:
        """The window as a condition on a DATE column."""
        start = f"{column} >= DATE'{self.since}' AND " if self.since else ""
        return f"{start}{column} < DATE'{self.before}'"


def ingest(night: Night) -> None:
    """Takes in what the store recorded since the last night before --as-of, and what is known of items and users.

    Rows that break the contract go to `rejected`, events of unknown items or users to `parked`; both are counted. Too
    many rejected rows, or no events at the window's end, stop the night before anything is written. Running a date
    again replaces the same days; an older date leaves newer days as they are.
    """
    window = Window(_last_night(night), night.as_of)
    source = source_of(night.spark, night.conf.source)
    with ThreadPoolExecutor(2) as side:
        # Two chains of one wide table each: together they keep the cores busy where one alone is a single long task.
        promotions_taken = side.submit(_take_promotions, source, window)
        items, users, events = _take_store(source, window, _newest_night(night))
        promotions = promotions_taken.result()
        intakes = [items, users, events, promotions]
        _require_events(events, window)
        require_few_rejected(intakes, night.conf.source.max_rejected_share)
        promotions_written = side.submit(_replace_days, night, promotions, window, "valid_from")
        night.tables.replace(items.accepted, ITEMS, None)
        night.tables.replace(users.accepted, USERS, None)
        _replace_days(night, events, window, "event_date")
        write_refused(night, intakes)
        promotions_written.result()
    for intake in intakes:
        night.record.rows.update(intake.balance.rows)
        intake.release()
    night.record.decisions["since"] = str(window.since or "")


def _last_night(night: Night) -> date | None:
    row = last_done(night.tables, ingest.__name__, before=night.as_of)
    return row["as_of"] if row else None


def _newest_night(night: Night) -> date:
    """Items and users are replaced whole, so an older date is given all that the newest has seen: nothing is undone.

    What held at the older date is not changed by it: versions carry their times.
    """
    row = last_done(night.tables, ingest.__name__)
    return max(night.as_of, row["as_of"]) if row else night.as_of


def _take_store(source: Source, window: Window, newest: date) -> tuple[Intake, Intake, Intake]:
    items = take_in(source.items(newest), ITEMS, "valid_from", newest)
    users = take_in(source.users(newest), USERS, "signed_up_at", newest)
    known = (
        # The catalogue fits into memory; whether the shoppers do is for Spark to see.
        Reference("item_id", F.broadcast(items.accepted.select("item_id").distinct()), "item"),
        Reference("user_id", users.accepted.select("user_id"), "user"),
    )
    events = take_in(source.events(window.since, window.before), EVENTS, "event_time", window.before, references=known)
    return items, users, events


def _take_promotions(source: Source, window: Window) -> Intake:
    rows = source.promotions(window.since, window.before)
    return take_in(rows, PROMOTIONS, "valid_from", window.before, keep=False)


def _replace_days(night: Night, intake: Intake, window: Window, day: str) -> None:
    night.tables.replace(intake.accepted, intake.table, window.sql(day))
    event("rows written", table=intake.table.name, rows=intake.count(ACCEPTED))


def _require_events(events: Intake, window: Window) -> None:
    """Raises Refused when the last days of the window are empty: a night on stale data would look like any other."""
    expected = window.before - timedelta(days=SILENT_DAYS)
    if window.since:
        expected = max(expected, window.since)
    if events.newest is None or events.newest < expected:
        raise Refused(
            f"The source has no events between {expected} and {window.before}.",
            "Give a date that the source has reached, or see why it has stopped; nothing was written.",
        )


if __name__ == "__main__":
    main_of(ingest)
