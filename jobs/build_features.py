"""From events to the features of items and shoppers at the night's date."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.aggregates.daily import daily_item, daily_pair, daily_user
from features.aggregates.history import user_history
from features.aggregates.item_features import item_features, item_rows
from features.aggregates.user_features import user_features
from features.contract import DAILY_ITEM, DAILY_PAIR, DAILY_USER, EVENTS, ITEMS, PROMOTIONS, USER_HISTORY, USERS
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.forecasting.weekly_fit import demand_at
from jobs.quality.gate import pass_features
from jobs.registry.lineup import model_store, training_is_due
from jobs.runtime.command import main_of
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import event
from jobs.runtime.manifest import done_runs, last_done
from jobs.runtime.night import Night
from jobs.tables.changes import changed_days
from model.periods import training_periods


def build_features(night: Night) -> None:
    """Builds the features of items and shoppers at --as-of from what was before that date.

    Sums up the days that came in since the last night, then makes item_features, user_features and user_history of the
    date. When a training is due, the dates of its past periods that are missing are made too, in the same passes, and
    so are the nights of the last `source.restate_days` that an event of an earlier day came too late for. Ends with the
    gate: a feature beyond a bar of the configuration that stops refuses the night (exit code 3).
    """
    _require_ingested(night)
    # Planning is single-threaded and takes as long as the work itself: what needs not wait runs together.
    with ThreadPoolExecutor(3) as side:
        asked = side.submit(_dates_to_build, night)
        histories = side.submit(lambda: _build_histories(night, asked.result()))
        _sum_up_days(night)
        dates = asked.result()
        demand = side.submit(demand_at, night, dates)
        _build_items(night, dates, demand)
        _build_users(night, dates)
        histories.result()
    night.record.rows["dates"] = len(dates)
    night.record.decisions["dates"] = json.dumps([str(day) for day in dates])
    pass_features(night)


def _build_items(night: Night, dates: Sequence[date], demand: Future[DataFrame]) -> None:
    tables, segments = night.tables, night.conf.segments
    rows = item_rows(
        tables.read(ITEMS),
        tables.read(DAILY_ITEM),
        tables.read(DAILY_PAIR),
        tables.read_or_empty(PROMOTIONS),
        dates,
        segments.window_days,
    ).persist(StorageLevel.DISK_ONLY)  # wide rows of all items would crowd out the heap
    rows.count()  # while demand is being fitted
    _replace_dates(night, item_features(rows, demand.result(), segments.head_share), ITEM_FEATURES_TABLE, dates)
    rows.unpersist()


def _build_users(night: Night, dates: Sequence[date]) -> None:
    tables = night.tables
    items = tables.read(ITEM_FEATURES_TABLE).where(F.col("as_of").isin(list(dates)))
    made = user_features(tables.read(USERS), tables.read(DAILY_USER), tables.read(DAILY_PAIR), items, dates)
    _replace_dates(night, made, USER_FEATURES_TABLE, dates)


def _build_histories(night: Night, dates: Sequence[date]) -> None:
    features, users = night.conf.features, night.tables.read(USERS)
    made = user_history(_events_before(night), users, dates, features.history_length, features.history_days)
    _replace_dates(night, made, USER_HISTORY, dates)


def _replace_dates(night: Night, frame: DataFrame, table: Table, dates: Sequence[date]) -> None:
    night.tables.replace(frame, table, "as_of IN (" + ", ".join(f"DATE'{day}'" for day in dates) + ")")
    night.record.rows[table.name] = night.tables.read(table).where(F.col("as_of") == F.lit(night.as_of)).count()


def _require_ingested(night: Night) -> None:
    newest = last_done(night.tables, "ingest")
    if newest is None or newest["as_of"] < night.as_of:
        so_far = f"only up to {newest['as_of']}" if newest else "not at all"
        raise LongtailError(
            f"Events are ingested {so_far}, not up to {night.as_of}.", f"Run jobs/ingest.py for {night.as_of} first."
        )


def _sum_up_days(night: Night) -> None:
    """Replaces the partials from the first day on that came in, or was corrected, since features were last built."""
    since = _first_open_day(night)
    where = f"day < DATE'{night.as_of}'" + (f" AND day >= DATE'{since}'" if since else "")
    events, earlier = _events_before(night), None
    if since:
        events = events.where(F.col("event_date") >= F.lit(since))
        earlier = night.tables.read_or_empty(DAILY_PAIR).where(F.col("day") < F.lit(since))
    night.tables.replace(daily_pair(events, earlier), DAILY_PAIR, where)
    pairs = night.tables.read(DAILY_PAIR).where(where)
    with ThreadPoolExecutor(2) as side:
        of_items = side.submit(night.tables.replace, daily_item(pairs), DAILY_ITEM, where)
        of_users = side.submit(night.tables.replace, daily_user(pairs, events), DAILY_USER, where)
        of_items.result(), of_users.result()


def _first_open_day(night: Night) -> date | None:
    built = last_done(night.tables, build_features.__name__, before=night.as_of)
    taken = last_done(night.tables, "ingest", before=night.as_of)
    if built is None or taken is None:
        return None
    changed = changed_days(night.tables, after=built["inputs"][EVENTS.name])
    first: date = min(built["as_of"], taken["as_of"], *(day for days in changed.values() for day in days))
    return first


def _dates_to_build(night: Night) -> list[date]:
    """The night's date, outdated nights, and the past cuts of a due training that a table has not, or not in whole."""
    items, users, histories = (
        night.tables.nights(table) for table in (ITEM_FEATURES_TABLE, USER_FEATURES_TABLE, USER_HISTORY)
    )
    made = items & users & histories
    dates = {night.as_of, *_outdated_nights(night, made)}
    if training_is_due(night, model_store(night)):
        periods = training_periods(night.as_of, night.conf.relevance.horizon_days, night.conf.fusion.periods)
        dates |= set(periods.all_cuts) - made
    return sorted(dates)


def _outdated_nights(night: Night, made: set[date]) -> set[date]:
    """Of the nights that are made those since whose making an event of a day before them came in or was corrected."""
    knew: dict[date, int] = {}  # by night: the version of the events that it was made from
    for run in done_runs(night.tables, build_features.__name__):
        for day in json.loads(run["decisions"].get("dates", "[]")):
            knew[date.fromisoformat(day)] = run["inputs"][EVENTS.name]
    first = night.as_of - timedelta(days=night.conf.source.restate_days)
    recent = {day: version for day, version in knew.items() if day in made and first <= day < night.as_of}
    changed = changed_days(night.tables, after=min(recent.values())) if recent else {}
    outdated = {
        day
        for day, known in recent.items()
        if any(version > known and any(one < day for one in days) for version, days in changed.items())
    }
    if outdated:
        event(
            "nights made again", step="build_features", as_of=night.as_of, nights=",".join(map(str, sorted(outdated)))
        )
    return outdated


def _events_before(night: Night) -> DataFrame:
    return night.tables.read(EVENTS).where(F.col("event_date") < F.lit(night.as_of))


if __name__ == "__main__":
    main_of(build_features)
