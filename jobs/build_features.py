"""Computes the features of items and shoppers at the night's date from the events before it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import date

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.aggregates.daily import (
    daily_item,
    daily_pair,
    daily_user,
    daily_visitor,
    on_known_date,
    pairs_of_items,
)
from features.aggregates.exits import exits
from features.aggregates.item_features import item_features, item_rows
from features.aggregates.user_features import user_features, user_rows
from features.contract import (
    DAILY_ITEM,
    DAILY_PAIR,
    DAILY_USER,
    DAILY_VISITOR,
    EVENTS,
    ITEMS,
    PROMOTIONS,
    USER_HISTORY,
    USERS,
)
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.derived.activity import active
from features.point_in_time import utc_date
from features.visitors import of_shoppers, of_visitors
from jobs.catalogue.reading import enriched_texts
from jobs.execution.command import main_of
from jobs.execution.manifest import last_done
from jobs.execution.night import Night
from jobs.forecasting.weekly_fit import Keep, demand_at
from jobs.incremental.browsing import has_browsing, has_views
from jobs.incremental.histories import histories
from jobs.incremental.known_events import Known, known_before
from jobs.incremental.visitors import changed_consents, daily_visitors, searches_of_shoppers
from jobs.quality.gate import pass_features
from jobs.registry.active_models import model_store, training_is_due
from jobs.relevance.training_plan import training_plan
from jobs.reviews.reading import judged_reviews
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import event
from jobs.runtime.progress import advance, expect
from jobs.sources.visitors import has_visitors
from jobs.tables.sql import sql_in, sql_literal
from jobs.tables.visitors import joined_events

TIME_ZONE = "time_zone"  # of the run's decisions: the clock of its partials
SESSION_MINUTES = "session_minutes"  # of the run's decisions: the pause that ended the sessions of its exits


def build_features(night: Night) -> None:
    """Builds the features of items and shoppers at --as-of from the events before that date.

    Sums up the days with new events, then writes item_features, user_features and user_history of the date. In the same
    passes it builds missing dates of a training that is due, and rebuilds nights of the last `source.restate_days` for
    which an event came too late. Ends with the gate: a feature that exceeds a bar of the configuration with the action
    stop refuses the night (exit code 3).
    """
    _require_ingested(night)
    known = known_before(night)
    expect(9, "parts", alike=False)  # eight tables and intermediate results, then the gate
    # Spark plans queries in one thread, which takes as long as their execution: independent parts run in parallel.
    with ThreadPoolExecutor(5) as side:
        to_build = side.submit(_dates_to_build, night, known)
        histories_written = side.submit(lambda: _build_histories(night, *to_build.result(), known))
        of_users, of_items = _sum_up_days(night, known, side)
        dates, _ = to_build.result()
        of_items.result()
        demand = side.submit(demand_at, night, dates)
        users = side.submit(_user_rows, night, dates, of_users)
        figures = side.submit(_keep_figures, demand)
        for part in (histories_written, of_users, of_items, demand, users, figures):
            part.add_done_callback(lambda _: advance())
        _build_items(night, dates, demand)
        advance()
        _build_users(night, dates, users.result(), histories_written)
        advance()
        figures.result(), histories_written.result()
    night.record.rows["dates"] = len(dates)
    night.record.decisions["dates"] = json.dumps([str(day) for day in dates])
    pass_features(night)


def _build_items(night: Night, dates: Sequence[date], demand: Future[tuple[DataFrame, Keep]]) -> None:
    tables, segments = night.tables, night.conf.segments
    rows = item_rows(
        tables.read(ITEMS),
        tables.read(DAILY_ITEM),
        pairs_of_items(tables.read(DAILY_PAIR), daily_visitors(night)),
        tables.read_or_empty(PROMOTIONS),
        dates,
        segments.window_days,
        night.conf.relevance.target,
        enriched_texts(night),
        judged_reviews(night.tables, night.conf),
    ).persist(StorageLevel.DISK_ONLY)  # wide rows of all items would fill the heap
    rows.count()  # while the demand models are fitted
    forecasts, _ = demand.result()
    _replace_dates(night, item_features(rows, forecasts, segments.head_share), ITEM_FEATURES_TABLE, dates)
    rows.unpersist()


def _keep_figures(demand: Future[tuple[DataFrame, Keep]]) -> None:
    _, keep = demand.result()
    keep()


def _user_rows(night: Night, dates: Sequence[date], summed: Future[None]) -> DataFrame:
    summed.result()
    tables = night.tables
    searches = searches_of_shoppers(night)
    rows = user_rows(tables.read(USERS), tables.read(DAILY_USER), tables.read(DAILY_PAIR), searches, dates)
    rows = rows.persist(StorageLevel.DISK_ONLY)
    rows.count()  # while the features of items are written
    return rows


def _build_users(night: Night, dates: Sequence[date], rows: DataFrame, histories_written: Future[None]) -> None:
    tables, conf, pairs, activity = night.tables, night.conf.features, night.tables.read(DAILY_PAIR), None
    of_dates = F.col("as_of").isin(list(dates))
    if has_browsing(pairs):
        histories_written.result()
        activity = active(tables.read(USER_HISTORY).where(of_dates), conf.time_zone, conf.session_minutes)
    items = tables.read(ITEM_FEATURES_TABLE).where(of_dates)
    _replace_dates(night, user_features(rows, pairs, items, dates, activity), USER_FEATURES_TABLE, dates)
    rows.unpersist()


def _build_histories(night: Night, dates: Sequence[date], built: set[date], known: Known) -> None:
    _replace_dates(night, histories(night, _events_before(night), dates, built, known), USER_HISTORY, dates)
    night.record.rows[USER_HISTORY.name] = (
        night.tables.read(USER_HISTORY).where(F.col("as_of") == F.lit(night.as_of)).count()
    )


def _replace_dates(night: Night, frame: DataFrame, table: Table, dates: Sequence[date]) -> None:
    night.tables.replace(frame, table, sql_in("as_of", dates))


def _require_ingested(night: Night) -> None:
    newest = last_done(night.tables, "ingest")
    if newest is None or newest["as_of"] < night.as_of:
        until = f"only up to {newest['as_of']}" if newest else "not at all"
        raise LongtailError(
            f"Events are ingested {until}, not up to {night.as_of}.", f"Run jobs/ingest.py for {night.as_of} first."
        )


def _sum_up_days(night: Night, known: Known, side: Executor) -> tuple[Future[None], Future[None]]:
    """Replaces the daily partials from the first day on that has changed since the last build: those of pairs now,
    those of shoppers and items, which are summed from them, in `side`.
    """
    zone = night.conf.features.time_zone
    since = _first_open_day(night, known)
    night.record.decisions[TIME_ZONE] = zone
    night.record.decisions[SESSION_MINUTES] = str(night.conf.features.session_minutes)
    where = f"day < {sql_literal(night.as_of)}" + (f" AND day >= {sql_literal(since)}" if since else "")
    before = _events_before(night)
    events, earlier = before.where(F.col("event_date") >= F.lit(since)) if since else before, None
    own = of_shoppers(events)
    joined = joined_events(night.tables, before, night.as_of, night.conf.features.history_days, since)
    if since:
        earlier = night.tables.read_or_empty(DAILY_PAIR).where(F.col("day") < F.lit(since))
    # Sorted by day, so that readers of the last days skip most of a file.
    night.tables.replace(daily_pair(own, earlier, joined).sortWithinPartitions("day"), DAILY_PAIR, where)
    _sum_up_visitors(night, events, since, where)
    pairs, visitors = night.tables.read(DAILY_PAIR).where(where), daily_visitors(night)
    of_visitor = None if visitors is None else visitors.where(where)
    left = exits(events, night.conf.features.session_minutes) if has_views(pairs, of_visitor) else None
    of_items = daily_item(pairs_of_items(pairs, of_visitor), left)
    of_shopper = own if joined is None else own.unionByName(on_known_date(joined))
    return (
        side.submit(night.tables.replace, daily_user(pairs, of_shopper, zone), DAILY_USER, where),
        side.submit(night.tables.replace, of_items, DAILY_ITEM, where),
    )


def _sum_up_visitors(night: Night, events: DataFrame, since: date | None, where: str) -> None:
    if not has_visitors(night):
        return
    earlier = night.tables.read_or_empty(DAILY_VISITOR).where(F.col("day") < F.lit(since)) if since else None
    rows = daily_visitor(of_visitors(events), earlier).sortWithinPartitions("day")
    night.tables.replace(rows, DAILY_VISITOR, where)


def _first_open_day(night: Night, known: Known) -> date | None:
    ingested = last_done(night.tables, "ingest", before=night.as_of)
    if known.newest is None or ingested is None:
        return None
    if known.newest["decisions"].get(TIME_ZONE, "UTC") != night.conf.features.time_zone:
        return None  # the parts of all days are those of another clock
    sessions = known.newest["decisions"].get(SESSION_MINUTES)
    if sessions != str(night.conf.features.session_minutes) and has_views(
        night.tables.read(DAILY_PAIR), daily_visitors(night)
    ):
        return None  # the exits of all days are those of other sessions
    first: date = min(known.newest["as_of"], ingested["as_of"], *known.days_since(known.newest))
    consents = changed_consents(night, known.newest["as_of"])
    if consents is None:
        return first
    [row] = consents.agg(F.min(utc_date("valid_from")).alias("day")).collect()
    return min(first, row["day"]) if row["day"] is not None else first


def _dates_to_build(night: Night, known: Known) -> tuple[list[date], set[date]]:
    """The night's date, outdated nights and the cuts of a due training that a table lacks or has in part; and the dates
    that all tables have completely."""
    items, users, histories = (
        night.tables.nights(table) for table in (ITEM_FEATURES_TABLE, USER_FEATURES_TABLE, USER_HISTORY)
    )
    built = items & users & histories
    outdated = {day for day in known.builders if day in built and known.is_outdated(day)}
    if outdated:
        event("nights rebuilt", step="build_features", as_of=night.as_of, nights=",".join(map(str, sorted(outdated))))
    dates = {night.as_of, *outdated}
    if training_is_due(night, model_store(night)):
        periods = training_plan(night).periods
        dates |= set(periods.all_cuts if periods else ()) - built
    return sorted(dates), built


def _events_before(night: Night) -> DataFrame:
    return night.tables.read(EVENTS).where(F.col("event_date") < F.lit(night.as_of))


if __name__ == "__main__":
    main_of(build_features)
