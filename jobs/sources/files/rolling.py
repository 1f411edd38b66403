"""Files that hold the last days and overwrite themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.table import FIRST_YEAR
from jobs.sources.files.columns import PART

_NEVER = datetime.max.replace(tzinfo=UTC)


def first_time(frames: Iterable[DataFrame], time: str) -> datetime:
    """The least `time` in mapped rows; without any, a time after all others. See `first_times` for rows that count."""
    firsts = [first for rows in frames for first in first_times(rows.withColumn(PART, F.lit("")), time, [""]).values()]
    return min(firsts, default=_NEVER)


def first_times(rows: DataFrame, time: str, places: Collection[str]) -> dict[str, datetime]:
    """The least `time` in each of these files; of a file without rows, a time after all others.

    Rows that the mapping filters, and times of clocks that were never set, do not count.
    """
    if "filtered" not in rows.columns:  # no file is read for the table
        return dict.fromkeys(places, _NEVER)
    moment = F.col(time).cast("timestamp")
    counted = rows.where(F.col(PART).isin(list(places)) & ~F.col("filtered") & (F.year(moment) >= FIRST_YEAR))
    firsts = counted.groupBy(PART).agg(F.unix_micros(F.min(moment)).alias("first")).collect()
    times = {row[PART]: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row["first"]) for row in firsts}
    return {place: times.get(place, _NEVER) for place in places}
