"""What follows for items from a catalogue that is delivered as a whole: what it lacks is withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import ITEMS
from features.versions import listed_items, relisted_items, withdrawn_items
from jobs.execution.manifest import last_done
from jobs.execution.night import Night
from jobs.runtime.errors import Refused
from jobs.runtime.logs import event
from jobs.sources.intake import Intake
from jobs.sources.source import Source


def item_observations(night: Night, source: Source, items: Intake) -> DataFrame:
    """What the night accepts of items, and for items that the catalogue has no more that they are withdrawn.

    The catalogue is that of the newest night, so an older date that is run again tells nothing of it. Raises Refused
    when more than the allowed share of the listed items is missing: the catalogue may have come in part.
    """
    files, offered = night.conf.source.files, source.catalogue()
    newest = last_done(night.tables, "ingest")
    if files is None or offered is None or newest is None or newest["as_of"] > night.as_of:
        return items.accepted
    # Seen at the last moment that the night knows of.
    moment = F.lit(datetime.combine(night.as_of, time(), UTC) - timedelta(microseconds=1))
    known = night.tables.read(ITEMS).persist()
    gone = withdrawn_items(known, offered, moment).persist()
    missing, listed = gone.count(), listed_items(known, moment).count()
    most = files.withdraw_missing_up_to or 0.0
    if missing > most * listed:
        raise Refused(
            f"The catalogue is broken: {missing} of {listed} listed items are missing, more than {most:.0%}.",
            "See whether it came whole; if so, set source.files.withdraw_missing_up_to higher. Nothing was written.",
        )
    if missing:
        event("items withdrawn", items=missing)
    return relisted_items(items.accepted, known, moment).unionByName(gone)


def report_late_catalogue(items: Intake, events: Intake) -> None:
    """Says of a first delivery when its items are known from a later day on than its events: an export of what is, that
    says of nothing how long it has been so. Past nights, on which models are trained, have no items then."""
    since = items.accepted.agg(F.to_date(F.min("valid_from")).alias("day")).collect()[0]["day"]
    first = events.accepted.agg(F.min("event_date").alias("day")).collect()[0]["day"]
    if since is None or first is None or since <= first:
        return
    event(
        "items are known too late", items_since=since, events_since=first,
        remedy="nights before have no items to train on; give the items of the first export as updated_at the day "
        "from which they were so, such as that of their listing",
    )  # fmt: skip
