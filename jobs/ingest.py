"""The store's tables to the contract: checked, deduplicated, balanced."""

from __future__ import annotations

import json
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

from pyspark.sql import DataFrame

from features.contract import EVENTS, ITEMS, PROMOTIONS, USERS
from features.contract.table import Invariant, Table
from jobs.execution.command import main_of
from jobs.execution.manifest import last_done
from jobs.execution.night import Night
from jobs.runtime.errors import Refused
from jobs.sources import Source, source_of
from jobs.sources.catalogue import item_observations, report_late_catalogue
from jobs.sources.event_validation import event_judgement, with_parked
from jobs.sources.intake import Intake, arrive, judge, require_few_rejected, write_refused
from jobs.sources.merging import Window, write_events, write_items, write_parts, write_promotions, write_users
from jobs.sources.missing_inputs import report_absences
from jobs.sources.volume import require_usual_volume
from jobs.tables.erasure import mark_forgotten

SILENT_DAYS = 7
# Observations of one shopper at several times are several rows.
USER_OBSERVATIONS = replace(USERS, key=("user_id", "updated_at"))


def ingest(night: Night) -> None:
    """Takes in what the store recorded since the last night before --as-of, and what is known of items and users.

    Rows that break the contract go to `rejected`, events of unknown items or users to `parked`; both are counted. Too
    many rejected rows, a changed type, or a day without events or far from the usual volume stop the night before
    anything is written. Running a date again replaces the same days; an older date leaves newer days as they are.
    """
    window = Window(_last_night(night), night.as_of)
    source = source_of(night)
    # What does not wait for one another runs beside one another: a wide table is a single long task each.
    with ThreadPoolExecutor(5) as together:
        intakes = _take_store(night, together, source, window)
        items, users, events, promotions = intakes
        _require_same_types(night, source)
        _require_events(night, source, events, window)
        require_few_rejected(intakes, night.conf.source.max_rejected_share)
        observed = item_observations(night, source, items)
        events_written = together.submit(write_events, night, source, events, window)
        writes = [
            together.submit(write_promotions, night, source, promotions, window),
            together.submit(write_items, night, source, observed),
            together.submit(write_users, night, source, users),
            together.submit(write_refused, night, intakes),
        ]
        changed = events_written.result()
        for write in writes:
            write.result()
    write_parts(night, source, intakes)
    if window.since is None:
        report_late_catalogue(items, events)
    for intake in intakes:
        night.record.rows.update(intake.balance.rows)
        intake.release()
    absent = source.absent()
    report_absences(absent)
    night.record.decisions |= {
        "since": str(window.since or ""),
        "changed_days": json.dumps([str(day) for day in changed]),
        "types": json.dumps(source.types()),
        "absent": json.dumps(sorted(absent)),
    }


def _last_night(night: Night) -> date | None:
    row = last_done(night.tables, ingest.__name__, before=night.as_of)
    return row["as_of"] if row else None


def _newest_night(night: Night) -> date:
    """A whole source's items and users are replaced whole, so an older date is given all that the newest has seen.

    What held at the older date is not changed by it: versions carry their times.
    """
    row = last_done(night.tables, ingest.__name__)
    return max(night.as_of, row["as_of"]) if row else night.as_of


def _take_store(night: Night, together: Executor, source: Source, window: Window) -> list[Intake]:
    """items, users, events and promotions, judged."""
    newest = _newest_night(night)

    def taken(
        rows: DataFrame, table: Table, time: str, before: date, keep: bool = True, further: tuple[Invariant, ...] = ()
    ) -> Intake:
        return judge(arrive(rows, table, keep=keep), time, before, further=further)

    offered = source.promotions(window.since, window.before)
    promotions = together.submit(taken, offered, PROMOTIONS, "valid_from", window.before, keep=False)
    events_offered = with_parked(night, source, source.events(window.since, window.before), window)
    events_offered = mark_forgotten(night.tables, night.folder, events_offered)
    users_offered = mark_forgotten(night.tables, night.folder, source.users(newest))
    arrived = together.submit(arrive, events_offered, EVENTS)
    users_table = USERS if source.whole else USER_OBSERVATIONS
    users_taken = together.submit(taken, users_offered, users_table, "updated_at", newest)
    items = taken(source.items(newest), ITEMS, "valid_from", newest, further=_rules_of_store(night))
    users = users_taken.result()
    steps = event_judgement(night, source, arrived.result(), items, users, window)
    events = judge(arrived.result(), "event_time", window.before, *steps)
    return [items, users, events, promotions.result()]


def _rules_of_store(night: Night) -> tuple[Invariant, ...]:
    size = night.conf.source.image_embedding_size
    return () if size is None else (Invariant("image_embedding_length", f"size(image_embedding) = {size}"),)


def _require_same_types(night: Night, source: Source) -> None:
    """Raises Refused when a column of the source has another type than at the last night."""
    row = last_done(night.tables, ingest.__name__, before=night.as_of)
    before = json.loads(row["decisions"].get("types", "{}")) if row else {}
    changed = [
        f"{column} was {before[column]} and is {kind}"
        for column, kind in source.types().items()
        if column in before and not set(kind.split(" or ")) <= set(before[column].split(" or "))
    ]
    if changed:
        raise Refused(
            f"The source is broken: {'; '.join(changed)}.",
            "Correct it; if the change is meant, give the input another name in source.files. Nothing was written.",
        )


def _require_events(night: Night, source: Source, events: Intake, window: Window) -> None:
    """Raises Refused when the last days of the window are empty: a night on stale data would look like any other."""
    expected = window.before - timedelta(days=SILENT_DAYS)
    if window.since:
        expected = max(expected, window.since)
    rerun = last_done(night.tables, ingest.__name__, at=night.as_of) is not None and not source.whole
    if not rerun and (events.newest is None or events.newest < expected):
        raise Refused(
            f"The source has no events between {expected} and {window.before}.",
            "Give a date that the source has reached, or see why it has stopped; nothing was written.",
        )
    require_usual_volume(night, events, window.since)


if __name__ == "__main__":
    main_of(ingest)
