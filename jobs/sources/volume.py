"""Whether the days of a night look like the days before them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from statistics import median

from pyspark.sql import functions as F

from features.contract import EVENTS
from jobs.runtime.errors import Refused
from jobs.runtime.night import Night
from jobs.runtime.source_config import Volume
from jobs.sources.intake import Intake

FEWEST = 20  # a day; chance alone moves fewer by much


def require_usual_volume(night: Night, events: Intake, since: date | None) -> None:
    """Raises Refused when a new day is empty, or far from the same weekday of the weeks before; see `unusual_types`.

    New are the days since the last night, or only the last one where there was no night yet.
    """
    before, volume = night.as_of, night.conf.source.volume
    earliest = (since or before) - timedelta(days=7 * volume.weeks + 1)
    recent = F.col("event_date").between(F.lit(earliest), F.lit(before - timedelta(days=1)))
    stored = night.tables.read_or_empty(EVENTS).where(recent & (F.col("event_date") < F.lit(since or before)))
    counts: dict[str, Counter[date]] = defaultdict(Counter)
    for rows in (events.accepted.where(recent), *([stored] if since else [])):
        for row in rows.groupBy("event_type", "event_date").count().collect():
            counts[row["event_type"]][row["event_date"]] += row["count"]
    first = since or before - timedelta(days=1)
    new = [first + timedelta(days=number) for number in range((before - first).days)]
    unusual = unusual_types(counts, new, volume)
    if unusual:
        raise Refused(
            f"The volume of events is unusual: {'; '.join(unusual)}.",
            "See what the source delivered; set source.volume wider if it is right. Nothing was written.",
        )


def unusual_types(counts: Mapping[str, Mapping[date, int]], new: list[date], volume: Volume) -> list[str]:
    """Sentences on the new days and types of events that are far from usual.

    counts: by type events by day. Each type is judged by itself, so that a store may begin to log another one, and one
    that stops is not hidden by the others; but of those that are not the most frequent only such as have FEWEST a day.
    """
    most = max(counts, key=lambda kind: (sum(counts[kind].values()), kind), default=None)
    return [
        said
        for kind, of_type in sorted(counts.items())
        for said in unusual_days(kind, of_type, new, volume, 1 if kind == most else FEWEST)
    ]


def unusual_days(kind: str, counts: Mapping[date, int], new: list[date], volume: Volume, fewest: float) -> list[str]:
    """Sentences on the new days whose events are outside [least, most] times the median of their weekday before them.

    counts: events of the type by day. A weekday with a median below `fewest`, or of which fewer than two weeks tell, is
    not judged.
    """
    found = []
    began = min(counts, default=None)
    for day in new:
        weeks = [day - timedelta(days=7 * week) for week in range(1, volume.weeks + 1)]
        before = [counts.get(week, 0) for week in weeks if began is not None and week >= began]
        usual = median(before) if len(before) > 1 else 0
        here = counts.get(day, 0)
        if usual >= fewest and not volume.least * usual <= here <= volume.most * usual:
            said = f"no {kind}" if not here else f"{here} of {kind}"
            found.append(f"{day} has {said}, its weekday had {usual:g} in the median of {len(before)} weeks")
    return found
