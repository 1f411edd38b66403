"""Visitors without an account: whom their events count for, and from when.

An event with a user_id is the shopper's. One without is its visitor's: items count it at once, a shopper only once the
visitor is identified.
"""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.point_in_time import utc_date

KNOWN_DATE = "known_date"
# No identifier of a shopper begins with it: the contract's texts hold no control characters that a store would use.
_VISITOR = "\x1fvisitor:"


def actor() -> Column:
    """Whose an event is: user_id, or a text that is no shopper's identifier, of the visitor; NULL without both."""
    return F.coalesce("user_id", visitor_actor(F.col("visitor_id")))


def visitor_actor(visitor_id: Column) -> Column:
    """The actor of a visitor without a shopper."""
    return F.concat(F.lit(_VISITOR), visitor_id)


def of_shoppers(events: DataFrame) -> DataFrame:
    """The events that name their shopper."""
    return events.where(F.col("user_id").isNotNull())


def of_visitors(events: DataFrame) -> DataFrame:
    """The events of visitors without a shopper."""
    return events.where(F.col("user_id").isNull())


def identity_changes(identities: DataFrame) -> DataFrame:
    """visitor_id, user_id, valid_from where a visitor is first identified, or as another shopper than before.

    identities: these columns, any number of rows; of several shoppers at one moment the first by user_id counts
    """
    in_order = Window.partitionBy("visitor_id").orderBy("valid_from")
    before = F.lag("user_id").over(in_order)
    return (
        identities.groupBy("visitor_id", "valid_from")
        .agg(F.min("user_id").alias("user_id"))
        .withColumn("before", before)
        .where(F.col("before").isNull() | (F.col("before") != F.col("user_id")))
        .select("visitor_id", "user_id", "valid_from")
    )


def identified(
    events: DataFrame, identities: DataFrame, users: DataFrame, days: int, since: date | None = None
) -> DataFrame:
    """The events of visitors that count for a shopper, with that shopper as user_id, and KNOWN_DATE.

    An event belongs to the shopper whom its visitor was last identified as; one before the first identification, of at
    most `days` before it, to the first. KNOWN_DATE is the later of the days of event and identification: the event
    counts for the shopper's features as of later dates. Shoppers without consent to personalisation get none.

    identities: `identity_changes`; since: only events with a KNOWN_DATE from this day on. Older events are then read
    only for the visitors who were identified since.
    """
    in_order = Window.partitionBy("visitor_id").orderBy("valid_from")
    place = F.row_number().over(in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    consenting = users.where("consent_personalisation").select("user_id")
    spans = (
        identities.withColumns({"until": F.lead("valid_from").over(in_order), "is_first": place == 1})
        .join(consenting, on="user_id", how="inner")
        .select("visitor_id", F.col("user_id").alias("identified_as"), "valid_from", "until", "is_first")
    )
    anonymous = of_visitors(events)
    if since is None:
        return _within_spans(anonymous, spans, days)
    earliest = since - timedelta(days=days)
    lately = spans.where(utc_date("valid_from") >= F.lit(since))
    older = anonymous.where((F.col("event_date") < F.lit(since)) & (F.col("event_date") >= F.lit(earliest)))
    return _within_spans(anonymous.where(F.col("event_date") >= F.lit(since)), spans, days).unionByName(
        _within_spans(older, lately, days)
    )


def _within_spans(events: DataFrame, spans: DataFrame, days: int) -> DataFrame:
    earliest = F.col("valid_from") - F.make_dt_interval(F.lit(days))
    begun = F.col("event_time") >= F.when(F.col("is_first"), earliest).otherwise(F.col("valid_from"))
    ended = F.coalesce(F.col("event_time") >= F.col("until"), F.lit(False))
    known = F.greatest("event_date", utc_date("valid_from"))
    return (
        events.join(spans, on="visitor_id", how="inner")
        .where(begun & ~ended)
        .withColumns({"user_id": F.col("identified_as"), KNOWN_DATE: known})
        .select(*events.columns, KNOWN_DATE)
    )
