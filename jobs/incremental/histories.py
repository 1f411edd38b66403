"""user_history of dates: from scratch, or from an earlier night's and the events since then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.aggregates.history import new_shoppers, next_user_history, user_history
from features.broadcasts import broadcast_if_small
from features.contract import USER_HISTORY, USERS
from jobs.execution.night import Night
from jobs.incremental.known_events import Known
from jobs.incremental.visitors import changed_consents
from jobs.reviews.reading import with_bad_reviews, words_of_bad_reviews
from jobs.tables.visitors import events_of_shoppers, joined_events

DECISION = "history"  # of the run: the length of its histories, and the bad reviews in them


def histories(night: Night, before: DataFrame, dates: Sequence[date], built: set[date], known: Known) -> DataFrame:
    """The rows of user_history for each date.

    The night alone continues the newest earlier night that is not outdated and has histories of the same length.

    before: events before the night
    built: dates that all tables of features have completely
    """
    conf = night.conf.features
    length = f"{conf.history_length} events of {conf.history_days} days"
    if conf.low_rating is not None:
        length += f", low ratings to {conf.low_rating:g}"
    if by_words := words_of_bad_reviews(night):
        length += f", {by_words}"
    night.record.decisions[DECISION] = length
    events = events_of_shoppers(night.tables, before, night.as_of, conf.history_days)
    users, events = night.tables.read(USERS), with_bad_reviews(night, events)
    usable = [
        day
        for day, run in known.builders.items()
        if day in built and run["decisions"].get(DECISION) == length and not known.is_outdated(day)
    ]
    if list(dates) != [night.as_of] or not usable:
        return user_history(events, users, dates, conf.history_length, conf.history_days)
    last = max(usable)
    night.record.decisions["history_since"] = str(last)
    rows = night.tables.read(USER_HISTORY).where(F.col("as_of") == F.lit(last))
    joined = joined_events(night.tables, before, night.as_of, conf.history_days, last)
    if joined is not None:
        older = joined.where(F.col("event_date") < F.lit(last)).select("user_id").distinct()
        rows = rows.join(older, on="user_id", how="left_anti")
    consents = changed_consents(night, last)
    if consents is not None:
        rows = rows.join(consents.select("user_id").distinct(), on="user_id", how="left_anti")
    newcomers = new_shoppers(rows, users, night.as_of)
    few = broadcast_if_small(newcomers, newcomers.count())
    return next_user_history(rows, events, users, few, last, night.as_of, conf.history_length, conf.history_days)
