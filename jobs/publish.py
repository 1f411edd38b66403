"""Step publish: writes a night to the idle colour, audits it there and makes it live at once."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import SparkSession

from jobs.config.configuration import Config
from jobs.execution.command import add_as_of, parser, run
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.experiments.arms import POLICIES, policies_of_arms
from jobs.online.audit import Audited, audit_sample
from jobs.online.catalogue import Catalogue, build_catalogue
from jobs.online.colours import Colours, HeldNight
from jobs.online.difference import difference
from jobs.online.fields import OnlineView
from jobs.online.plan_completeness import check_one_plan
from jobs.online.registration import point_services, registered_colours
from jobs.online.rows import NightRows, night_rows
from jobs.online.store import open_store, read_store
from jobs.online.store_failures import store_failures
from jobs.online.view_rows import ViewRows
from jobs.online.views import online_views
from jobs.online.writing import replace_rows
from jobs.runtime import clock
from jobs.runtime.errors import ConfigurationError, Refused
from jobs.runtime.executor_files import on_one_machine
from jobs.runtime.logs import event
from jobs.runtime.parallel import run_parallel
from jobs.tables.warehouse import Warehouse

if TYPE_CHECKING:
    from feast import FeatureStore

WAIT_SECONDS = 1_800  # for another writer of the warehouse, such as another publish


def publish(night: Night) -> None:
    """Publishes the lists, boosts and features of a night to Feast's online store.

    The rows are written to the idle colour, read back and compared with Delta; then one registry write makes them live
    for every reader. A date older than the live night is refused; the same date replaces it. After a stopped run
    readers still see the live night; run publish again to complete it. jobs/roll_back.py returns to the previous night.
    """
    refuse_sqlite_on_a_cluster(night)
    catalogue, store, colours, rows = prepared(night, open_store(night.conf))
    night.record.model_version = rows.model_version
    colours, audited = bring_live(night.conf, night.as_of, night.run_id, catalogue, store, colours, rows.views)
    night.record.rows |= {name: of_view.entities for name, of_view in rows.views.items()}
    night.record.decisions["colour"] = colours.served
    night.record.decisions[POLICIES] = json.dumps(sorted(policies_of_arms(night)))
    night.record.decisions["audited"] = ", ".join(f"{name} {result}" for name, result in audited.items())


def bring_live(
    conf: Config,
    as_of: date,
    run_id: str,
    catalogue: Catalogue,
    store: FeatureStore,
    colours: Colours,
    rows: Mapping[str, ViewRows],
) -> tuple[Colours, dict[str, Audited]]:
    """Writes the rows to the idle colour, audits it and flips; returns the new colours and the audits by view.

    Wherever it is stopped, readers keep the live night, and another call completes it.
    """
    wait_for_readers(colours, conf.online.registry_ttl_seconds)
    # Send only changed values if the idle colour holds a complete night.
    changed_only = colours.idle_night is not None
    # Until the flip the idle colour counts as empty, so that no roll-back can serve a half-written night.
    colours = colours.without_idle()
    flip(store, catalogue, colours)
    idle = colours.idle

    def write(view: OnlineView) -> None:
        coloured = catalogue.coloured[view.name, idle]
        sent = replace_rows(store, view, coloured, rows[view.name], as_of, changed_only)
        event("view written", view=view.name, colour=idle, rows=rows[view.name].entities, values=sent)

    # A new sample in every run, so that no row escapes all audits.
    most, seed = conf.online.audit_sample, zlib.crc32(run_id.encode())
    expected: dict[str, pa.Table] = {}

    def draw(view: OnlineView) -> None:
        expected[view.name] = rows[view.name].sample(most, seed)

    # SQLite keeps one core busy, longest with the view of most values; the rest runs on the others.
    longest_first = sorted(catalogue.views, key=lambda view: -rows[view.name].entities * len(view.fields))
    parts = [partial(part, view) for part in (write, draw) for view in longest_first]
    run_parallel(parts, at_once=len(parts))
    entities = {name: of_view.entities for name, of_view in rows.items()}
    audited = audit_colour(conf, catalogue, colours, entities, expected, seed)
    colours = colours.with_idle(HeldNight(as_of, run_id, catalogue.features)).flipped(clock.now())
    flip(store, catalogue, colours)
    return colours, audited


def prepared(night: Night, store: FeatureStore) -> tuple[Catalogue, FeatureStore, Colours, NightRows]:
    """Returns catalogue, store, colours and the night's rows, after checking that the night can be published.

    Raises Refused when the live night is newer, LongtailError when the night's tables are not those of one complete
    plan.
    """
    catalogue = build_catalogue(online_views(night.conf))
    colours = registered_colours(store)
    refuse_older(night.as_of, colours)
    check_one_plan(night)
    return catalogue, store, colours, night_rows(night, catalogue.views)


def flip(store: FeatureStore, catalogue: Catalogue, colours: Colours) -> None:
    """Points the services at `colours`. Raises LongtailError with its remedy when the registry cannot be written."""
    with store_failures("Writing the registry"):
        point_services(store, catalogue, colours)


def what_would_change(night: Night) -> str:
    """Compares the night with what readers see now, one line a view, and writes nothing."""
    catalogue, store, colours, rows = prepared(night, read_store(night.conf))
    live = colours.live_night
    lines = [f"Publishing {night.as_of} over {f'the night of {live.as_of}' if live else 'nothing'} would change"]
    most, seed = night.conf.online.audit_sample, night.conf.seed
    for view in catalogue.views:
        coloured = catalogue.coloured[view.name, colours.served]
        with store_failures("Reading the store", "Nothing was written."):
            lines.append(f"  {difference(store, view, coloured, rows.views[view.name], most, seed)}")
    return "\n".join(lines)


def refuse_sqlite_on_a_cluster(night: Night) -> None:
    """Raises ConfigurationError where the online store is SQLite and Spark's Python workers are on other machines."""
    master = night.spark.sparkContext.master
    if night.conf.online.store == "sqlite" and not on_one_machine(master):
        raise ConfigurationError(
            f"online.store is sqlite, a file of one machine, but the master is {master}.", "Set online.store to redis."
        )


def refuse_older(as_of: date, colours: Colours) -> None:
    """Raises Refused when the live night is newer."""
    live = colours.live_night
    if live is not None and as_of < live.as_of:
        raise Refused(
            f"The night of {live.as_of} is live, and {as_of} is older.",
            "Publish a newer night, or return to the previous night with jobs/roll_back.py.",
        )


def wait_for_readers(colours: Colours, registry_ttl_seconds: float) -> None:
    """Waits until no reader can still hold the registry from before the last flip."""
    seconds = colours.seconds_until_unread(clock.now(), registry_ttl_seconds)
    if seconds > 0:
        event("waiting until no reader uses the idle colour", seconds=round(seconds, 1))
        time.sleep(seconds)


def audit_colour(
    conf: Config,
    catalogue: Catalogue,
    colours: Colours,
    entities: Mapping[str, int],
    expected: Mapping[str, pa.Table],
    seed: int,
) -> dict[str, Audited]:
    """Audits samples of the idle colour through a store opened as readers open it; returns the audit of each view.

    entities: number of entities in Delta by view; expected: by view the entities to compare
    """
    reader = read_store(conf)
    with store_failures("The audit"):
        return {
            view.name: audit_sample(
                reader,
                view,
                catalogue.coloured[view.name, colours.idle],
                entities[view.name],
                expected[view.name],
                seed,
            )
            for view in catalogue.views
        }


def main() -> None:
    """Parses the command line and publishes, or prints what a publish would change."""
    arguments = parser(publish.__doc__)
    add_as_of(arguments)
    arguments.add_argument("--dry-run", action="store_true", help="print what would change for readers; write nothing")
    args = arguments.parse_args()

    def print_changes(spark: SparkSession, conf: Config, run_id: str) -> None:
        night = Night(conf, args.as_of, run_id, spark, Warehouse(spark, conf.warehouse), Record())
        print(what_would_change(night))

    if args.dry_run:
        run(args.conf, "publish", print_changes, writes=False)
    run(
        args.conf,
        "publish",
        lambda spark, conf, run_id: run_step(publish, spark, conf, args.as_of, run_id),
        wait_seconds=WAIT_SECONDS,
    )


if __name__ == "__main__":
    main()
