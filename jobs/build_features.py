"""From events to the features of items and shoppers at the night's date."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.aggregates.daily import daily_item, daily_user
from features.aggregates.history import user_history
from features.aggregates.item_features import item_features, item_segments
from features.aggregates.user_features import user_features
from features.contract import DAILY_ITEM, DAILY_USER, EVENTS, ITEMS, USER_HISTORY, USERS
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.registry.lineup import model_store, training_is_due
from jobs.runtime.command import main_of
from jobs.runtime.errors import LongtailError
from jobs.runtime.manifest import last_done
from jobs.runtime.night import Night
from model.periods import training_periods


def build_features(night: Night) -> None:
    """Builds the features of items and shoppers at --as-of from what was before that date.

    Sums up the days that came in since the last night, then makes item_features, user_features and user_history of the
    date. When a training is due, the dates of its past periods that are missing are made too, in the same passes.
    """
    _require_ingested(night)
    _sum_up_days(night)
    dates = _dates_to_build(night)
    asked = night.spark.sql("SELECT * FROM VALUES " + ", ".join(f"(DATE'{day}')" for day in dates) + " AS dates(as_of)")
    items, users, events = night.tables.read(ITEMS), night.tables.read(USERS), _events_before(night)
    by_item, by_user = night.tables.read(DAILY_ITEM), night.tables.read(DAILY_USER)
    conf = night.conf
    segments = item_segments(by_item, asked, conf.segments.window_days, conf.segments.head_share).persist()
    purchases = events.where(F.col("event_type") == "purchase")
    of_items = item_features(items, by_item, segments, asked)
    of_users = user_features(users, by_user, purchases, segments, asked)
    histories = user_history(
        _of_last_days(events, dates, conf.features.history_days),
        users,
        asked,
        conf.features.history_length,
        conf.features.history_days,
    )
    these = "as_of IN (" + ", ".join(f"DATE'{day}'" for day in dates) + ")"
    for frame, table in ((of_items, ITEM_FEATURES_TABLE), (of_users, USER_FEATURES_TABLE), (histories, USER_HISTORY)):
        night.tables.replace(frame, table, these)
        night.record.rows[table.name] = night.tables.read_date(table, night.as_of).count()
    segments.unpersist()
    night.record.rows["dates"] = len(dates)


def _require_ingested(night: Night) -> None:
    newest = last_done(night.tables, "ingest")
    if newest is None or newest["as_of"] < night.as_of:
        so_far = f"only up to {newest['as_of']}" if newest else "not at all"
        raise LongtailError(
            f"Events are ingested {so_far}, not up to {night.as_of}.", f"Run jobs/ingest.py for {night.as_of} first."
        )


def _sum_up_days(night: Night) -> None:
    """Replaces the partials of the days since the last night whose features were built, or taken in tonight."""
    since = _first_open_day(night)
    where = f"day < DATE'{night.as_of}'" + (f" AND day >= DATE'{since}'" if since else "")
    events = _events_before(night)
    if since:
        events = events.where(F.col("event_date") >= F.lit(since))
    night.tables.replace(daily_item(events), DAILY_ITEM, where)
    night.tables.replace(daily_user(events), DAILY_USER, where)


def _first_open_day(night: Night) -> date | None:
    built = last_done(night.tables, build_features.__name__, before=night.as_of)
    taken = last_done(night.tables, "ingest", before=night.as_of)
    if built is None or taken is None:
        return None
    first: date = min(built["as_of"], taken["as_of"])
    return first


def _dates_to_build(night: Night) -> list[date]:
    """The night's date, and past cuts of a due training without a user_history, which is the last table written."""
    if not training_is_due(night, model_store(night)):
        return [night.as_of]
    cuts = training_periods(night.as_of, night.conf.relevance.horizon_days, night.conf.fusion.periods).all_cuts
    built = {row["as_of"] for row in night.tables.read_or_empty(USER_HISTORY).select("as_of").distinct().collect()}
    return [*(cut for cut in cuts if cut not in built), night.as_of]


def _events_before(night: Night) -> DataFrame:
    return night.tables.read(EVENTS).where(F.col("event_date") < F.lit(night.as_of))


def _of_last_days(events: DataFrame, dates: list[date], days: int) -> DataFrame:
    return events.where(F.col("event_date") >= F.lit(min(dates) - timedelta(days=days)))


if __name__ == "__main__":
    main_of(build_features)
