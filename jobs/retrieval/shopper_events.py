"""Events that a date knows to be a shopper's."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import IDENTITIES, USERS
from features.point_in_time import utc_date
from features.visitors import KNOWN_DATE, identified, of_shoppers
from jobs.execution.night import Night


def known_to_shoppers(night: Night, as_of: date, events: DataFrame) -> DataFrame:
    """Of the events, all before `as_of`: those of shoppers, and of visitors identified as them before `as_of`.

    Shoppers without consent to personalisation have what names them, and no events of visitors.

    events: user_id, visitor_id, event_time, event_date and other columns
    """
    own = of_shoppers(events)
    if not night.tables.exists(IDENTITIES):
        return own
    identities = night.tables.read(IDENTITIES).where(utc_date("valid_from") < F.lit(as_of))
    joined = identified(events, identities, night.tables.read(USERS), night.conf.features.history_days)
    return own.unionByName(joined.drop(KNOWN_DATE))
