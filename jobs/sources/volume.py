"""Whether the days of a night look like the days before them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from statistics import median

from pyspark.sql import functions as F

from features.contract import EVENTS
from jobs.config.source import Volume
from jobs.execution.night import Night
from jobs.runtime.errors import Refused
from jobs.sources.intake import Intake

_COUNTED = ("event_type", "event_date", "user_id")
FEWEST = 20  # shoppers a day; chance alone moves fewer by much, however many events each of them leaves


def require_usual_volume(night: Night, events: Intake, since: date | None) -> None:
    """Raises Refused when a new day is empty, or far from the same weekday of the weeks before; see `unusual_types`.

    New are the days since the last night, or only the last one where there was no night yet.
    """
    before, volume = night.as_of, night.conf.source.volume
    earliest = (since or before) - timedelta(days=7 * volume.weeks + 1)
    recent = F.col("event_date").between(F.lit(earliest), F.lit(before - timedelta(days=1)))
    stored = night.tables.read_or_empty(EVENTS).where(recent & (F.col("event_date") < F.lit(since or before)))
    rows = events.accepted.where(recent).select(*_COUNTED)
    rows = rows.unionByName(stored.select(*_COUNTED)) if since else rows
    counts, shoppers = defaultdict[str, Counter[date]](Counter), defaultdict[str, Counter[date]](Counter)
    sums = (F.count("*").alias("events"), F.countDistinct("user_id").alias("shoppers"))
    for row in rows.groupBy("event_type", "event_date").agg(*sums).collect():
        counts[row["event_type"]][row["event_date"]] = row["events"]
        shoppers[row["event_type"]][row["event_date"]] = row["shoppers"]
    first = since or before - timedelta(days=1)
    new = [first + timedelta(days=number) for number in range((before - first).days)]
    unusual = unusual_types(counts, shoppers, new, volume)
    if unusual:
        raise Refused(
            f"The volume of events is unusual: {'; '.join(unusual)}.",
            "See what the source delivered; set source.volume wider if it is right. Nothing was written.",
        )


def unusual_types(
    counts: Mapping[str, Mapping[date, int]],
    shoppers: Mapping[str, Mapping[date, int]],
    new: list[date],
    volume: Volume,
) -> list[str]:
    """Sentences on the new days and types of events that are far from usual.

    counts, shoppers: by type the events and the different shoppers of each day. Each type is judged by itself, so that
    a store may begin to log another one, and one that stops is not hidden by the others; but of those that are not the
    most frequent only such as FEWEST shoppers have on a day of that weekday.
    """
    most = max(counts, key=lambda kind: (sum(counts[kind].values()), kind), default=None)
    return [
        said
        for kind, of_type in sorted(counts.items())
        for said in unusual_days(kind, of_type, shoppers[kind], new, volume, 1 if kind == most else FEWEST)
    ]


def unusual_days(
    kind: str, counts: Mapping[date, int], shoppers: Mapping[date, int], new: list[date], volume: Volume, fewest: float
) -> list[str]:
    """Sentences on the new days whose events are outside [least, most] times the median of their weekday before them.

    counts, shoppers: events of the type, and shoppers who have any, by day. A weekday whose median of shoppers is below
    `fewest`, or of which fewer than two weeks tell, is not judged.
    """
    found = []
    began = min(counts, default=None)
    for day in new:
        weeks = [day - timedelta(days=7 * week) for week in range(1, volume.weeks + 1)]
        told = [week for week in weeks if began is not None and week >= began]
        if len(told) < 2 or median(shoppers.get(week, 0) for week in told) < fewest:
            continue
        usual, here = median(counts.get(week, 0) for week in told), counts.get(day, 0)
        if not volume.least * usual <= here <= volume.most * usual:
            said = f"no {kind}" if not here else f"{here} of {kind}"
            found.append(f"{day} has {said}, its weekday had {usual:g} in the median of {len(told)} weeks")
    return found
