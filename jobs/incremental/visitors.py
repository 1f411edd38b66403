"""Events of visitors without an account in a night's features; nothing is read in a store that has none."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import DAILY_VISITOR, IDENTITIES, SEARCHES, USERS
from features.declarations import USER_FEATURES_TABLE
from features.visitors import KNOWN_DATE
from jobs.execution.night import Night
from jobs.tables.visitors import events_of_shoppers


def daily_visitors(night: Night) -> DataFrame | None:
    """The rows of daily_visitor; None in a store without visitors."""
    return night.tables.read(DAILY_VISITOR) if night.tables.exists(DAILY_VISITOR) else None


def changed_consents(night: Night, since: date) -> DataFrame | None:
    """user_id, valid_from of the identities of shoppers who gave or withdrew their consent to personalisation after the
    features of the date `since` were built; None where no visitor is identified.

    What their visitors did joins them, or leaves them, from the day of valid_from on at the earliest.
    """
    if not (night.tables.exists(IDENTITIES) and night.tables.exists(USER_FEATURES_TABLE)):
        return None
    now, agreed = "consent_personalisation", F.col("agreed")
    built = night.tables.read(USER_FEATURES_TABLE).where(F.col("as_of") == F.lit(since))
    changed = (
        night.tables.read(USERS)
        .select("user_id", now)
        .join(built.select("user_id", F.col(now).alias("agreed")), on="user_id", how="inner")
        .where(F.col(now) != agreed)
    )
    return night.tables.read(IDENTITIES).join(changed, on="user_id", how="left_semi").select("user_id", "valid_from")


def searches_of_shoppers(night: Night) -> DataFrame:
    """user_id, query, search_time, known_date of the searches of shoppers, and of those of their visitors."""
    as_events = {"search_time": "event_time", "search_date": "event_date"}
    searches = night.tables.read_or_empty(SEARCHES).withColumnsRenamed(as_events)
    searches = events_of_shoppers(night.tables, searches, night.as_of, night.conf.features.history_days)
    if KNOWN_DATE not in searches.columns:
        searches = searches.withColumn(KNOWN_DATE, F.col("event_date"))
    return searches.select("user_id", "query", F.col("event_time").alias("search_time"), KNOWN_DATE)
