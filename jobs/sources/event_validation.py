"""Judgement of events by known items, shoppers, purchases and events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.broadcasts import broadcast_if_small
from features.contract import EVENTS, ITEMS, PARKED, USERS
from features.contract.source_parts import SOURCE_PARTS
from features.quality import outcomes
from features.visitors import actor, visitor_actor
from jobs.execution.night import Night
from jobs.sources.intake import Arrival, Intake, Judgement
from jobs.sources.merging import known_events
from jobs.sources.replacement import Window, outdated
from jobs.sources.source import Source
from jobs.sources.visitors import persons_of_visitors


def with_parked(night: Night, source: Source, rows: DataFrame, window: Window) -> DataFrame:
    """The rows and those that the last night left parked: their item or shopper may be known by now.

    Parked rows that the source delivers again are left out, since they may be corrected or deleted there; such an event
    keeps the night since which it waits. `waited` marks the parked rows.
    """
    waiting = _waiting(night, window)
    if waiting is None:
        return rows
    parked, count = waiting
    replaced = outdated(source, window)
    again = parked.where(replaced).select("event_id", "parked_since")
    waits = parked.where(~replaced).withColumn("waited", F.lit(True))
    arrived = rows.join(broadcast_if_small(again, count), on="event_id", how="left")
    return arrived.unionByName(waits, allowMissingColumns=True)


def _waiting(night: Night, window: Window) -> tuple[DataFrame, int] | None:
    """The columns of events and parked_since of the rows that the last night left parked, and their number; None
    without any.

    An interrupted night counts if it has recorded its files in source_parts, which is the last table it writes.
    """
    parts = night.tables.read_or_empty(SOURCE_PARTS).where(F.col("as_of") < F.lit(night.as_of))
    recorded = parts.agg(F.max("as_of").alias("as_of")).collect()
    last = max((day for day in (window.since, *(row["as_of"] for row in recorded)) if day is not None), default=None)
    if last is None:
        return None
    parked = night.tables.read_or_empty(PARKED).where((F.col("table") == EVENTS.name) & (F.col("as_of") == F.lit(last)))
    count = parked.count()
    if not count:
        return None
    since = F.coalesce("parked_since", "as_of").alias("parked_since")
    rows = parked.select(F.from_json("payload", EVENTS.schema).alias("row"), since)
    return rows.select("row.*", "parked_since"), count


def event_judgement(
    night: Night, source: Source, arrival: Arrival, aside: Sequence[Arrival], items: Intake, users: Intake,
    window: Window,
) -> list[Judgement]:  # fmt: skip
    """The steps that judge events: unknown items and shoppers, those unknown for too long, returns, known events.

    aside: of `arrive_events`
    """
    known_items, known_users = items.accepted.select("item_id"), users.accepted.select("user_id")
    if not source.whole:
        known_items = known_items.union(night.tables.read_or_empty(ITEMS).select("item_id"))
        known_users = known_users.union(night.tables.read_or_empty(USERS).select("user_id"))
    # The catalogue fits into memory; for the shoppers Spark decides.
    known_items, known_users = F.broadcast(known_items.distinct()), known_users.distinct()
    too_long = night.as_of - timedelta(days=night.conf.source.park_days)
    steps: list[Judgement] = [
        lambda judged: outcomes.park_unknown(judged, "item_id", known_items, outcomes.ITEM_UNKNOWN),
        lambda judged: outcomes.park_unknown(judged, "user_id", known_users, outcomes.USER_UNKNOWN),
        lambda judged: outcomes.reject_long_parked(judged, too_long),
    ]
    returns = arrival.rows.where(F.col("event_type") == "return").select(actor().alias("actor"), "item_id").distinct()
    if not returns.isEmpty():
        stored = night.tables.read_or_empty(EVENTS).where(~outdated(source, window))
        columns = ("user_id", "visitor_id", "item_id", "event_type", "event_time")
        both = stored.select(*columns).unionByName(arrival.rows.where(~F.col("filtered")).select(*columns))
        first = first_purchases(both, returns, persons_of_visitors(night, source, arrival, aside))
        steps.append(lambda judged: outcomes.reject_returns_without_purchase(judged, first))
    if not source.whole and night.tables.exists(EVENTS):
        known = known_events(night, source, arrival.rows, window)
        steps.append(lambda judged: outcomes.judge_known(judged, known))
    return steps


def first_purchases(events: DataFrame, pairs: DataFrame, persons: DataFrame | None) -> DataFrame:
    """actor, item_id, first_purchase of the pairs with a purchase.

    A purchase of a visitor is also one of every shopper whom the visitor was identified as, and the other way round.

    pairs: actor, item_id; persons: of `persons_of_visitors`
    """
    bought = events.where(F.col("event_type") == "purchase").select(actor().alias("actor"), "item_id", "event_time")
    if persons is not None:
        shopper, visitor = F.col("user_id"), visitor_actor(F.col("visitor_id"))
        both = persons.select(shopper.alias("whose"), visitor.alias("actor")).unionByName(
            persons.select(visitor.alias("whose"), shopper.alias("actor"))
        )
        asked = both.distinct().join(pairs.select("actor").distinct(), on="actor", how="left_semi")
        of_others = bought.withColumnRenamed("actor", "whose").join(asked, on="whose", how="inner")
        bought = bought.unionByName(of_others.select(*bought.columns))
    return (
        bought.join(pairs, on=["actor", "item_id"], how="left_semi")
        .groupBy("actor", "item_id")
        .agg(F.min("event_time").alias("first_purchase"))
    )
