"""Withdrawal of items that a completely delivered catalogue no longer holds."""

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
    """The accepted observations of items, and a withdrawal of each item that the catalogue no longer holds.

    The catalogue is that of the newest night, so a repeated run of an older date withdraws nothing. Raises Refused when
    more than the allowed share of the listed items is missing: the delivery may be incomplete.
    """
    files, offered = night.conf.source.files, source.catalogue()
    newest = last_done(night.tables, "ingest")
    if files is None or offered is None or newest is None or newest["as_of"] > night.as_of:
        return items.accepted
    # Observed at the last moment before the night's date.
    moment = F.lit(datetime.combine(night.as_of, time(), UTC) - timedelta(microseconds=1))
    known = night.tables.read(ITEMS).persist()
    gone = withdrawn_items(known, offered, moment).persist()
    missing, listed = gone.count(), listed_items(known, moment).count()
    most = files.withdraw_missing_up_to or 0.0
    if missing > most * listed:
        raise Refused(
            f"The catalogue lacks {missing} of {listed} listed items, more than {most:.0%}.",
            "Check whether it is complete; if so, raise source.files.withdraw_missing_up_to. Nothing was written.",
        )
    if missing:
        event("items withdrawn", items=missing)
    return relisted_items(items.accepted, known, moment).unionByName(gone)


def report_late_catalogue(items: Intake, events: Intake) -> None:
    """Warns if the items of a first delivery are known from a later day than its events.

    Such an export holds the present catalogue without its history, so past nights have no items to train models on.
    """
    since = items.accepted.agg(F.to_date(F.min("valid_from")).alias("day")).collect()[0]["day"]
    first = events.accepted.agg(F.min("event_date").alias("day")).collect()[0]["day"]
    if since is None or first is None or since <= first:
        return
    event(
        "items are known too late", items_since=since, events_since=first,
        remedy="earlier nights have no items to train on; as updated_at of the first export, give the day from which "
        "an item was as exported, such as the day of its listing",
    )  # fmt: skip
