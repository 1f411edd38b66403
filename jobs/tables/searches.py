"""The searches of a store, of the table `searches` and of events."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.collaborative.signals import normalised_query
from features.contract import EVENTS, SEARCHES
from jobs.tables.warehouse import Warehouse
from model.retrieval.signals import SEARCH


def searches_between(tables: Warehouse, since: date, until: date) -> DataFrame:
    """user_id, visitor_id, event_time, event_date, query, event_id, results, results_count, item_id of each search on
    the days from `since` to the one before `until`.

    They are those of `searches`, with the event that came of them, and the events of the type search, with the item
    that came of them, unless a row of `searches` names that event.
    """
    as_event = {"search_time": "event_time", "search_date": "event_date"}
    stored = tables.read_or_empty(SEARCHES).withColumnsRenamed(as_event)
    columns = ("user_id", "visitor_id", "event_time", "event_date", normalised_query().alias("query"))
    alone = stored.select(*columns, "event_id", "results", "results_count", F.lit(None).cast("string").alias("item_id"))
    with_item = (
        tables.read(EVENTS)
        .where((F.col("event_type") == SEARCH) & F.col("query").isNotNull())
        .join(stored.where(F.col("event_id").isNotNull()).select("event_id"), on="event_id", how="left_anti")
        .select(
            *columns,
            F.lit(None).cast("string").alias("event_id"),
            F.lit(None).cast("array<string>").alias("results"),
            F.lit(None).cast("int").alias("results_count"),
            "item_id",
        )
    )
    inside = (F.col("event_date") < F.lit(until)) & (F.col("event_date") >= F.lit(since))
    return alone.unionByName(with_item).where(inside)
