"""Step publish: a night goes to the idle colour, is audited there and becomes visible at once."""

from __future__ import annotations

import json
import time
import zlib
from datetime import date

from feast import FeatureStore
from pyspark.sql import SparkSession

from jobs.config.configuration import Config
from jobs.execution.command import add_as_of, parser, run
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.experiments.arms import POLICIES, policies_of_arms
from jobs.online.audit import Audited, audit
from jobs.online.catalogue import Catalogue, build_catalogue
from jobs.online.colours import Colours, HeldNight
from jobs.online.difference import difference
from jobs.online.night_store import store_failures
from jobs.online.plan_completeness import check_one_plan
from jobs.online.registration import point_services, registered_colours
from jobs.online.rows import Rows, collect_rows, model_version_of
from jobs.online.store import open_store, read_store
from jobs.online.views import online_views
from jobs.online.writing import replace_rows
from jobs.runtime import clock
from jobs.runtime.errors import Refused
from jobs.runtime.logs import event
from jobs.tables.warehouse import Warehouse

WAIT_SECONDS = 1_800  # for another run that writes this warehouse, such as another publish


def publish(night: Night) -> None:
    """Publishes the lists, boosts and features of a night to Feast's online store.

    The rows go to the idle colour, are read back and compared with Delta, and then one registry write makes them what
    storefront_ranking serves. A date older than the live one is refused; the same date again replaces it. A run that
    was stopped leaves the live night as it is, and running again completes it. jobs/roll_back.py flips back.
    """
    catalogue, store, colours, rows = opened(night, open_store(night.conf))
    night.record.model_version = model_version_of(rows)
    colours, audited = bring_live(night.conf, night.as_of, night.run_id, catalogue, store, colours, rows)
    night.record.rows |= {name: len(frame) for name, frame in rows.items()}
    night.record.decisions["colour"] = colours.served
    night.record.decisions[POLICIES] = json.dumps(sorted(policies_of_arms(night)))
    night.record.decisions["audited"] = ", ".join(f"{name} {found}" for name, found in audited.items())


def bring_live(
    conf: Config, as_of: date, run_id: str, catalogue: Catalogue, store: FeatureStore, colours: Colours, rows: Rows
) -> tuple[Colours, dict[str, Audited]]:
    """Writes the rows to the idle colour, audits it and flips; returns the colours after it and what was audited.

    Wherever it is stopped, readers keep the live night, and running it again completes it.
    """
    wait_for_readers(colours, conf.online.registry_ttl_seconds)
    # Only a whole night is known well enough to send but what differs from it.
    changed_only = colours.idle_night is not None
    # From here to the flip the idle colour holds no whole night, so that nobody rolls back to a half-written one.
    colours = colours.without_idle()
    flip(store, catalogue, colours)
    for view in catalogue.views:
        coloured = catalogue.coloured[view.name, colours.idle]
        sent = replace_rows(store, view, coloured, rows[view.name], as_of, changed_only)
        event("view written", view=view.name, colour=colours.idle, rows=len(rows[view.name]), values=sent)
    audited = audit_colour(conf, run_id, catalogue, colours, rows)
    colours = colours.with_idle(HeldNight(as_of, run_id, catalogue.features)).flipped(clock.now())
    flip(store, catalogue, colours)
    return colours, audited


def opened(night: Night, store: FeatureStore) -> tuple[Catalogue, FeatureStore, Colours, Rows]:
    """Catalogue, store, colours and the night's rows.

    Raises Refused when the live night is newer, LongtailError when the night's tables are not of one whole plan.
    """
    catalogue = build_catalogue(online_views(night.conf))
    colours = registered_colours(store)
    refuse_older(night.as_of, colours)
    check_one_plan(night)
    return catalogue, store, colours, collect_rows(night, catalogue.views)


def flip(store: FeatureStore, catalogue: Catalogue, colours: Colours) -> None:
    """Points the services; a registry that cannot be written is told with its remedy."""
    with store_failures("Writing the registry"):
        point_services(store, catalogue, colours)


def what_would_change(night: Night) -> str:
    """The difference between what readers see and what the night would bring, a line a view; nothing is written."""
    catalogue, store, colours, rows = opened(night, read_store(night.conf))
    live = colours.live_night
    lines = [f"Publishing {night.as_of} over {f'the night of {live.as_of}' if live else 'nothing'} would bring"]
    most, seed = night.conf.online.audit_sample, night.conf.seed
    for view in catalogue.views:
        coloured = catalogue.coloured[view.name, colours.served]
        with store_failures("Reading the store", "Nothing was written."):
            lines.append(f"  {difference(store, view, coloured, rows[view.name], most, seed)}")
    return "\n".join(lines)


def refuse_older(as_of: date, colours: Colours) -> None:
    """Raises Refused when the live night is newer."""
    live = colours.live_night
    if live is not None and as_of < live.as_of:
        raise Refused(
            f"The night of {live.as_of} is live; publishing {as_of} would take readers back.",
            "Publish a newer night, or flip to the night before with jobs/roll_back.py.",
        )


def wait_for_readers(colours: Colours, registry_ttl_seconds: float) -> None:
    """Waits until no reader can hold the registry of before the last flip."""
    seconds = colours.seconds_until_unread(clock.now(), registry_ttl_seconds)
    if seconds > 0:
        event("waiting until no reader holds the idle colour", seconds=round(seconds, 1))
        time.sleep(seconds)


def audit_colour(conf: Config, run_id: str, catalogue: Catalogue, colours: Colours, rows: Rows) -> dict[str, Audited]:
    """Audits the idle colour by a store of its own, as a reader opens it; returns what was compared by view."""
    reader = read_store(conf)
    # Drawn anew in every run, so that no row escapes all audits.
    most, seed = conf.online.audit_sample, zlib.crc32(run_id.encode())
    with store_failures("The audit"):
        return {
            view.name: audit(reader, view, catalogue.coloured[view.name, colours.idle], rows[view.name], most, seed)
            for view in catalogue.views
        }


def main() -> None:
    """Parses the command line and publishes, or tells what a publish would change."""
    made = parser(publish.__doc__)
    add_as_of(made)
    made.add_argument("--dry-run", action="store_true", help="print what would change for readers; write nothing")
    given = made.parse_args()

    def told(spark: SparkSession, conf: Config, run_id: str) -> None:
        night = Night(conf, given.as_of, run_id, spark, Warehouse(spark, conf.warehouse), Record())
        print(what_would_change(night))

    if given.dry_run:
        run(given.conf, "publish", told, writes=False)
    run(
        given.conf,
        "publish",
        lambda spark, conf, run_id: run_step(publish, spark, conf, given.as_of, run_id),
        wait_seconds=WAIT_SECONDS,
    )


if __name__ == "__main__":
    main()
