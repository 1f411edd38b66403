"""The clock of the store: hours and weekdays of times in its zone."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

_HOUR, _DAY = 3_600_000_000, 86_400_000_000  # microseconds
_MONDAY = 3  # of the days since 1970-01-01, a Thursday


def hour_of_day(time: Column, zone: str) -> Column:
    """0 to 23. Not F.hour, which depends on the session's time zone."""
    return F.floor(F.pmod(_local(time, zone), F.lit(_DAY)) / F.lit(_HOUR)).cast("int")


def weekday(time: Column, zone: str) -> Column:
    """0 to 6, Monday is 0."""
    return F.pmod(F.floor(_local(time, zone) / F.lit(_DAY)) + F.lit(_MONDAY), F.lit(7)).cast("int")


def _local(time: Column, zone: str) -> Column:
    """Microseconds of the zone's clock since its 1970-01-01 00:00."""
    return F.unix_micros(time if zone == "UTC" else F.from_utc_timestamp(time, zone))
