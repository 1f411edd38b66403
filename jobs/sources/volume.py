"""Whether the days of a night look like the days before them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from statistics import median

from pyspark.sql import functions as F

from features.contract import EVENTS
from jobs.runtime.errors import Refused
from jobs.runtime.night import Night
from jobs.runtime.source_config import Volume
from jobs.sources.intake import Intake


def require_usual_volume(night: Night, events: Intake, since: date | None) -> None:
    """Raises Refused when a new day is empty, or far from the same weekday of the weeks before; see `unusual_days`.

    New are the days since the last night, or only the last one where there was no night yet.
    """
    before, volume = night.as_of, night.conf.source.volume
    earliest = (since or before) - timedelta(days=7 * volume.weeks + 1)
    recent = F.col("event_date").between(F.lit(earliest), F.lit(before - timedelta(days=1)))
    arrived = {
        row["event_date"]: row["count"] for row in events.accepted.where(recent).groupBy("event_date").count().collect()
    }
    stored = night.tables.read_or_empty(EVENTS).where(recent & (F.col("event_date") < F.lit(since or before)))
    known = {row["event_date"]: row["count"] for row in stored.groupBy("event_date").count().collect()} if since else {}
    counts = {day: arrived.get(day, 0) + known.get(day, 0) for day in arrived.keys() | known.keys()}
    first = since or before - timedelta(days=1)
    new = [first + timedelta(days=number) for number in range((before - first).days)]
    unusual = unusual_days(counts, new, volume)
    if unusual:
        raise Refused(
            f"The volume of events is unusual: {'; '.join(unusual)}.",
            "See what the source delivered; set source.volume wider if it is right. Nothing was written.",
        )


def unusual_days(counts: Mapping[date, int], new: list[date], volume: Volume) -> list[str]:
    """Sentences on the new days whose events are outside [least, most] times the median of their weekday before them.

    counts: events by day. A weekday that had none in most weeks, or of which fewer than two weeks tell, is not judged.
    """
    found = []
    began = min(counts, default=None)
    for day in new:
        weeks = [day - timedelta(days=7 * week) for week in range(1, volume.weeks + 1)]
        before = [counts.get(week, 0) for week in weeks if began is not None and week >= began]
        usual = median(before) if len(before) > 1 else 0
        here = counts.get(day, 0)
        if usual and not volume.least * usual <= here <= volume.most * usual:
            said = "no events" if not here else f"{here} events"
            found.append(f"{day} has {said}, its weekday had {usual:g} in the median of {len(before)} weeks")
    return found
