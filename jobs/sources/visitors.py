"""Rows of events that belong into other tables, and the identities that follow from events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import DAILY_VISITOR, EVENTS, IDENTITIES, SEARCHES
from features.contract.table import Table
from features.point_in_time import utc_date
from features.quality.contract_checks import with_contract_columns
from features.visitors import identity_changes
from jobs.execution.manifest import done_runs
from jobs.execution.night import Night
from jobs.sources.intake import Arrival, Intake, arrive
from jobs.sources.source import Source

LOG_IN = "login"  # type of an event without an item, which identifies a visitor
DECISION = "visitors"  # of an ingest: that its source may deliver events without a shopper
_IDENTITY = ("visitor_id", "user_id", "valid_from")


def has_visitors(night: Night) -> bool:
    """Whether the store may have events without a shopper."""
    return night.tables.exists(DAILY_VISITOR) or any(
        DECISION in run["decisions"] for run in done_runs(night.tables, "ingest")
    )


def names_visitors(source: Source) -> bool:
    """Whether events of the source may have a visitor_id."""
    return f"{EVENTS.name}.visitor_id" not in source.absent()


def arrive_events(rows: DataFrame) -> tuple[Arrival, list[Arrival]]:
    """The events, and the rows among them that are log-ins (of `identities`) or searches without an item."""
    elsewhere = _belongs_elsewhere()
    arrival = arrive(rows, EVENTS, count=elsewhere)
    aside = []
    for table, columns in (
        (IDENTITIES, {"valid_from": F.col("event_time")}),
        (
            SEARCHES,
            {
                "search_id": F.col("event_id"),
                "search_time": F.col("event_time"),
                "search_date": F.col("event_date"),
                "event_id": F.lit(None).cast("string"),
            },
        ),
    ):
        count, condition = arrival.counts[table.name], elsewhere[table.name]
        if count:
            chosen = with_contract_columns(arrival.rows.where(condition).withColumns(columns), table)
            aside.append(Arrival(table, chosen, count, kept=False))
            events = arrival.rows.where(~condition)
            arrival = replace(arrival, rows=events, rows_in=arrival.rows_in - count)
    return arrival, aside


def _belongs_elsewhere() -> dict[str, Column]:
    """By table, whether a row of events belongs into it; never NULL. Rows that the mapping leaves out stay."""
    without_item = F.trim(F.coalesce("item_id", F.lit(""))) == ""
    kind = F.coalesce("event_type", F.lit(""))
    inside = ~F.col("filtered")
    return {
        IDENTITIES.name: inside & (kind == LOG_IN),
        SEARCHES.name: inside & (kind == "search") & without_item,
    }


def together(table: Table, arrivals: Iterable[Arrival]) -> Arrival | None:
    """All arrivals of a table as one; None without any."""
    of_table = [arrival for arrival in arrivals if arrival.table is table]
    if not of_table:
        return None
    first, *others = of_table
    for other in others:
        rows = first.rows.unionByName(other.rows, allowMissingColumns=True)
        first = Arrival(table, rows, first.rows_in + other.rows_in, False, {}, (*first.held, *other.held))
    return first


def persons_of_visitors(night: Night, source: Source, events: Arrival, aside: Iterable[Arrival]) -> DataFrame | None:
    """visitor_id, user_id: all shoppers whom each visitor was identified as, on this night too; None in a store without
    visitors.

    Tonight's rows are not judged yet: a wrong one can let a return pass, and does no more.
    """
    observed = [arrival.rows for arrival in aside if arrival.table is IDENTITIES]
    if names_visitors(source):
        observed.append(events.rows)
    mapped = source.identities()
    if mapped is not None:
        observed.append(mapped)
    if night.tables.exists(IDENTITIES):
        observed.append(night.tables.read(IDENTITIES))
    if not observed:
        return None
    named = [rows.select(*(F.col(name).cast("string") for name in ("visitor_id", "user_id"))) for rows in observed]
    both = F.col("visitor_id").isNotNull() & F.col("user_id").isNotNull()
    return reduce(DataFrame.unionByName, named).where(both).distinct()


def observed_identities(source: Source, logins: Intake | None, events: Intake) -> DataFrame | None:
    """visitor_id, user_id, valid_from: from the source and log-ins, and from the first event of each day that names
    both; None in a store without visitors."""
    from_logins = None if logins is None else logins.accepted.select(*_IDENTITY)
    if not names_visitors(source):
        return from_logins
    both = events.accepted.where(F.col("user_id").isNotNull() & F.col("visitor_id").isNotNull())
    named = both.groupBy("visitor_id", "user_id", "event_date").agg(F.min("event_time").alias("valid_from"))
    named = named.select(*_IDENTITY)
    return named if from_logins is None else named.unionByName(from_logins)


def new_identities(night: Night, observed: DataFrame) -> tuple[DataFrame, set[date]]:
    """The rows of `identities` with the observed ones, and the days of those that are new."""
    known = night.tables.read_or_empty(IDENTITIES)
    changes = identity_changes(known.unionByName(observed)).persist()
    new = changes.join(known, on=list(_IDENTITY), how="left_anti")
    days = new.select(utc_date("valid_from").alias("day")).distinct().collect()
    return changes, {row["day"] for row in days}
