"""Comparison of a night's volume of events with earlier days."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from statistics import median

from pyspark.sql import functions as F

from features.contract import EVENTS
from features.visitors import actor
from jobs.config.source import Volume
from jobs.execution.night import Night
from jobs.runtime.errors import Refused
from jobs.sources.closed_days import closed_days
from jobs.sources.intake import Intake

FEWEST = 20  # shoppers and visitors a day; the events of fewer vary much by chance


def require_usual_volume(night: Night, events: Intake, since: date | None) -> None:
    """Raises Refused when a new day is empty, or far from the same weekday of the weeks before; see `unusual_types`.

    New days are those since the last night; on a first night, only the last day.
    """
    before, volume = night.as_of, night.conf.source.volume
    earliest = (since or before) - timedelta(days=7 * volume.weeks + 1)
    recent = F.col("event_date").between(F.lit(earliest), F.lit(before - timedelta(days=1)))
    stored = night.tables.read_or_empty(EVENTS).where(recent & (F.col("event_date") < F.lit(since or before)))
    counted = ("event_type", "event_date", actor().alias("actor"))
    rows = events.accepted.where(recent).select(*counted)
    rows = rows.unionByName(stored.select(*counted)) if since else rows
    counts, shoppers = defaultdict[str, Counter[date]](Counter), defaultdict[str, Counter[date]](Counter)
    sums = (F.count("*").alias("events"), F.countDistinct("actor").alias("shoppers"))
    for row in rows.groupBy("event_type", "event_date").agg(*sums).collect():
        counts[row["event_type"]][row["event_date"]] = row["events"]
        shoppers[row["event_type"]][row["event_date"]] = row["shoppers"]
    first = since or before - timedelta(days=1)
    new = [first + timedelta(days=number) for number in range((before - first).days)]
    empty = [day for day in new if not any(of_type.get(day) for of_type in counts.values())]
    closed = closed_days(night, events.accepted, empty)
    new = [day for day in new if day not in closed | set(volume.closed)]
    unusual = unusual_types(counts, shoppers, new, volume)
    if unusual:
        raise Refused(
            f"The volume of events is unusual: {'; '.join(unusual)}.",
            "Check what the source delivered; if it is correct, widen source.volume, or name the days on which the "
            "store was closed in source.volume.closed. Nothing was written.",
        )


def unusual_types(
    counts: Mapping[str, Mapping[date, int]],
    shoppers: Mapping[str, Mapping[date, int]],
    new: list[date],
    volume: Volume,
) -> list[str]:
    """Sentences on the new days and types of events that are far from usual.

    Each type is judged on its own, so that a store may start to log a new one, and one that stops is not hidden by the
    others. Types other than the most frequent need FEWEST shoppers on a day of that weekday.

    counts, shoppers: by type, the events and the distinct shoppers of each day
    """
    most_frequent = max(counts, key=lambda kind: (sum(counts[kind].values()), kind), default=None)
    return [
        sentence
        for kind, of_type in sorted(counts.items())
        for sentence in unusual_days(kind, of_type, shoppers[kind], new, volume, 1 if kind == most_frequent else FEWEST)
    ]


def unusual_days(
    kind: str, counts: Mapping[date, int], shoppers: Mapping[date, int], new: list[date], volume: Volume, fewest: float
) -> list[str]:
    """Sentences on the new days whose events are outside [least, most] times the median of their weekday before them.

    A weekday with a median of fewer than `fewest` shoppers, or with fewer than two earlier weeks, is not judged.

    counts, shoppers: by day, the events of the type and the distinct shoppers with such an event
    """
    sentences = []
    began = min(counts, default=None)
    for day in new:
        weeks = [day - timedelta(days=7 * week) for week in range(1, volume.weeks + 1)]
        earlier = [week for week in weeks if began is not None and week >= began]
        if len(earlier) < 2 or median(shoppers.get(week, 0) for week in earlier) < fewest:
            continue
        usual, actual = median(counts.get(week, 0) for week in earlier), counts.get(day, 0)
        if not volume.least * usual <= actual <= volume.most * usual:
            events = f"no {kind} event" if not actual else f"{actual} {kind} events"
            sentences.append(f"{day} has {events}, the median of its weekday in {len(earlier)} weeks is {usual:g}")
    return sentences
