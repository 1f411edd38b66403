"""Times of a store as instants in UTC."""

from __future__ import annotations

import re

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DecimalType, StringType, TimestampType

from jobs.config.source import Mapped

UNITS_A_SECOND = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000}

# Spark reads '14:35' as today, '2024' as 1 January and '202403' as the year 202403.
_WITH_DAY = r"^\d{4}-\d{1,2}-\d{1,2}([ T]|$)"
_WITH_ZONE = r"^\d{4}-\d{1,2}-\d{1,2}[ T].*[A-Za-z+-]"
_ZONE_LETTERS = re.compile(r"[VzOXxZ]")
_QUOTED = re.compile(r"'[^']*'")
_OPTIONAL = re.compile(r"\[[^\[\]]*\]")


def time_in_utc(original: Column, spec: Mapped, kind: DataType) -> Column:
    """The instant that a value of the type `kind` names; NULL if it cannot be read or is not of the years 1 to 9999.

    Numbers with a `unit` count from 1970. Texts are of `format`, or ISO 8601 with at least a day. `zone` is the zone of
    values that name none: texts without an offset, dates and times without a zone. An instant has no zone.

    original: texts without blanks around them
    """
    if spec.unit is not None:
        seconds = original.try_cast(DecimalType(38, 6)) / UNITS_A_SECOND[spec.unit]
        time = F.timestamp_micros((seconds * 1_000_000).try_cast("long"))
    elif spec.format is not None:
        time = _of_format(original.cast("string"), spec.format, spec.zone)
    elif isinstance(kind, StringType):
        time = F.when(original.rlike(_WITH_DAY), original.try_cast(TimestampType()))
        time = F.when(original.rlike(_WITH_ZONE), time).otherwise(_from_zone(time, spec.zone))
    else:
        time = original.try_cast(TimestampType())
        if not isinstance(kind, TimestampType):
            time = _from_zone(time, spec.zone)
    return F.when(F.year(time).between(1, 9999), time)


def _of_format(text: Column, pattern: str, zone: str | None) -> Column:
    """The time of a text; the pattern may have an offset, also in an optional section such as [XXX]."""
    time = F.try_to_timestamp(text, F.lit(pattern))
    if not _has_zone(pattern):
        return _from_zone(time, zone)
    without = _OPTIONAL.sub(lambda section: "" if _has_zone(section[0]) else section[0], pattern)
    if _has_zone(without) or without == pattern:
        return time
    naive = F.try_to_timestamp(text, F.lit(without))
    return F.when(naive.isNull(), time).otherwise(_from_zone(naive, zone))


def _has_zone(pattern: str) -> bool:
    return _ZONE_LETTERS.search(_QUOTED.sub("", pattern)) is not None


def _from_zone(time: Column, zone: str | None) -> Column:
    return F.to_utc_timestamp(time, zone) if zone else time
