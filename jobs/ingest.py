"""Ingests the store's tables into those of the contract: checked, deduplicated, balanced."""

from __future__ import annotations

import json
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from datetime import date

from pyspark.sql import DataFrame

from features.contract import IDENTITIES, ITEMS, PROMOTIONS, SEARCHES, USERS
from features.contract.table import Invariant, Table
from jobs.execution.command import main_of
from jobs.execution.manifest import last_done
from jobs.execution.night import Night
from jobs.runtime.progress import advance, expect
from jobs.sources import Source, source_of
from jobs.sources.catalogue import item_observations, report_late_catalogue
from jobs.sources.column_types import require_same_types
from jobs.sources.event_validation import event_judgement, with_parked
from jobs.sources.frequent_shoppers import report_frequent_shoppers
from jobs.sources.id_forms import report_id_forms
from jobs.sources.intake import Arrival, Intake, arrive, judge, price_rule, require_few_rejected, write_refused
from jobs.sources.merging import (
    write_events,
    write_items,
    write_parts,
    write_promotions,
    write_searches,
    write_users,
)
from jobs.sources.missing_inputs import report_absences
from jobs.sources.replacement import Window
from jobs.sources.short_history import report_short_history
from jobs.sources.silence import require_events
from jobs.sources.visitors import DECISION as HAS_VISITORS
from jobs.sources.visitors import arrive_events, names_visitors, new_identities, observed_identities, together
from jobs.sources.volume import require_usual_volume
from jobs.tables.erasure import mark_forgotten

# Observations of one shopper at several times are several rows.
USER_OBSERVATIONS = replace(USERS, key=("user_id", "updated_at"))


def ingest(night: Night) -> None:
    """Ingests the events since the last night before --as-of, and the present state of items and users.

    Rows that violate the contract go to `rejected`, events of unknown items or users to `parked`; both are counted. A
    search without an item goes to `searches`, and who a visitor turned out to be, from a log-in event, from an event
    that names both or from a mapping, to `identities`. A changed type, too many rejected rows, days without events or
    of unusual volume stop the night before anything is written. A repeated date replaces the same days; an older date
    leaves newer days unchanged.
    """
    window = Window(last_night(night), night.as_of)
    source = source_of(night)
    expect(9, "parts", alike=False)  # four tables are judged, then they and the rejected rows are written
    # Independent parts run in parallel: each wide table is a single long task.
    with ThreadPoolExecutor(5) as executor:
        intakes = take_store(night, executor, source, window)
        items, users, events, promotions, *further = intakes
        of_table = {intake.table.name: intake for intake in further}
        searches = of_table.get(SEARCHES.name)
        require_same_types(night, source)
        require_few_rejected(intakes, night.conf.source.max_rejected_share)
        require_events(night, source, intakes, window)
        require_usual_volume(night, events, window.since)
        observed = item_observations(night, source, items)
        identities, identified = None, set[date]()
        seen = observed_identities(source, of_table.get(IDENTITIES.name), events)
        if seen is not None:
            identities, identified = new_identities(night, seen)
        events_written = executor.submit(write_events, night, source, events, window, identified)
        writes = [
            executor.submit(write_promotions, night, source, promotions, window),
            executor.submit(write_items, night, source, observed),
            executor.submit(write_users, night, source, users),
            executor.submit(write_refused, night, intakes),
        ]
        for write in writes:
            write.add_done_callback(lambda _: advance())
        changed = events_written.result()
        advance()
        for write in writes:
            write.result()
        if searches is not None:
            write_searches(night, source, searches, window)
        if identities is not None:
            # After the events, whose commit records the days of the new identities.
            night.tables.replace(identities, IDENTITIES, None)
            identities.unpersist()
    write_parts(night, source, intakes)
    report_frequent_shoppers(events)
    report_id_forms(night, items, users)
    if window.since is None:
        report_late_catalogue(items, events)
        report_short_history(night, events)
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
    if names_visitors(source):
        night.record.decisions[HAS_VISITORS] = "true"


def last_night(night: Night) -> date | None:
    """The last night before this one that ingested the source."""
    row = last_done(night.tables, ingest.__name__, before=night.as_of)
    return row["as_of"] if row else None


def _newest_night(night: Night) -> date:
    """The newest ingested date, this one included.

    All items and users of a whole source are replaced, so a repeated older date must not lose those of newer nights.
    The older date's state stays the same, since versions carry their times.
    """
    row = last_done(night.tables, ingest.__name__)
    return max(night.as_of, row["as_of"]) if row else night.as_of


def take_store(night: Night, executor: Executor, source: Source, window: Window) -> list[Intake]:
    """items, users, events and promotions, judged; then identities and searches where there are any.

    Nothing is written. jobs/check_source.py shows what it gives.
    """
    newest = _newest_night(night)

    def judged(
        rows: DataFrame, table: Table, time: str, before: date, keep: bool = True, further: tuple[Invariant, ...] = ()
    ) -> Intake:
        intake = judge(arrive(rows, table, keep=keep, further=further), time, before, further=further)
        advance()
        return intake

    promotion_rows = source.promotions(window.since, window.before)
    promotions = executor.submit(judged, promotion_rows, PROMOTIONS, "valid_from", window.before, keep=False)
    event_rows = with_parked(night, source, source.events(window.since, window.before), window)
    event_rows = mark_forgotten(night.tables, event_rows)
    user_rows = mark_forgotten(night.tables, source.users(newest))
    arrived = executor.submit(arrive_events, event_rows)
    users_table = USERS if source.whole else USER_OBSERVATIONS
    users_judged = executor.submit(judged, user_rows, users_table, "updated_at", newest)
    items = judged(source.items(newest), ITEMS, "valid_from", newest, further=_rules_of_items(night))
    users = users_judged.result()
    arrived_events, aside = arrived.result()
    steps = event_judgement(night, source, arrived_events, aside, items, users, window)
    events = judge(arrived_events, "event_time", window.before, *steps, further=(price_rule(night),))
    advance()
    return [items, users, events, promotions.result(), *_take_visitors(night, source, aside, window)]


def _take_visitors(night: Night, source: Source, aside: list[Arrival], window: Window) -> list[Intake]:
    """Identities and searches, judged: those that the source delivers and those among its events (`aside`)."""
    intakes = []
    for table, rows, time in (
        (IDENTITIES, source.identities(), "valid_from"),
        (SEARCHES, source.searches(), "search_time"),
    ):
        mapped = [] if rows is None else [arrive(mark_forgotten(night.tables, rows), table, keep=False)]
        arrival = together(table, (*aside, *mapped))
        if arrival is not None:
            intakes.append(judge(arrival, time, window.before))
    return intakes


def _rules_of_items(night: Night) -> tuple[Invariant, ...]:
    size = night.conf.source.image_embedding_size
    price = price_rule(night)
    if size is None:
        return (price,)
    return (price, Invariant("image_embedding_wrong_length", f"size(image_embedding) = {size}", "image_embedding"))


if __name__ == "__main__":
    main_of(ingest)
