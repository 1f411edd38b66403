"""Events that count for a shopper by what the warehouse knows on a date: their own and those of their visitors."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import IDENTITIES, USERS
from features.point_in_time import utc_date
from features.visitors import KNOWN_DATE, identified, of_shoppers
from jobs.tables.warehouse import Warehouse


def joined_events(
    tables: Warehouse, events: DataFrame, as_of: date, days: int, since: date | None = None
) -> DataFrame | None:
    """`features.visitors.identified` by the identities before `as_of`; None in a store that identifies no visitor."""
    if not tables.exists(IDENTITIES):
        return None
    identities = tables.read(IDENTITIES).where(utc_date("valid_from") < F.lit(as_of))
    return identified(events, identities, tables.read(USERS), days, since)


def events_of_shoppers(tables: Warehouse, events: DataFrame, as_of: date, days: int) -> DataFrame:
    """The shoppers' own events and the joined ones, with KNOWN_DATE where the store identifies visitors.

    Shoppers without consent to personalisation have what names them, and no events of visitors.

    events: before `as_of`: user_id, visitor_id, event_time, event_date and other columns
    """
    own, joined = of_shoppers(events), joined_events(tables, events, as_of, days)
    if joined is None:
        return own
    return own.withColumn(KNOWN_DATE, F.col("event_date")).unionByName(joined)
