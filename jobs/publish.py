"""Step publish: a night goes to the idle colour, is audited there and becomes visible at once."""

from __future__ import annotations

import time
from datetime import date

from jobs.online.audit import audit
from jobs.online.catalogue import Catalogue, build_catalogue
from jobs.online.colours import Colours, HeldNight
from jobs.online.registration import point_services, registered_colours
from jobs.online.rows import Rows, collect_rows, model_version_of
from jobs.online.store import open_store, read_store
from jobs.online.views import online_views
from jobs.online.writing import replace_rows
from jobs.runtime import clock
from jobs.runtime.command import main_of
from jobs.runtime.errors import Refused
from jobs.runtime.logs import event
from jobs.runtime.night import Night


def publish(night: Night) -> None:
    """Publishes the lists, boosts and features of a night to Feast's online store.

    The rows go to the idle colour, are read back and compared with Delta, and then one registry write makes them what
    storefront_ranking serves. A date older than the live one is refused; the same date again replaces it. A run that
    was stopped leaves the live night as it is, and running again completes it. jobs/roll_back.py flips back.
    """
    catalogue = build_catalogue(online_views(night.conf))
    store = open_store(night.conf)
    colours = registered_colours(store)
    refuse_older(night.as_of, colours)
    rows = collect_rows(night, catalogue.views)
    night.record.model_version = model_version_of(rows)
    wait_for_readers(colours, night.conf.online.registry_ttl_seconds)

    # From here to the flip the idle colour holds no whole night, so that nobody rolls back to a half-written one.
    colours = colours.without_idle()
    point_services(store, catalogue, colours)
    for view in catalogue.views:
        replace_rows(store, view, catalogue.coloured[view.name, colours.idle], rows[view.name], night.as_of)
        event("view written", view=view.name, colour=colours.idle, rows=len(rows[view.name]))
    audited = audit_colour(night, catalogue, colours, rows)

    held = HeldNight(night.as_of, night.run_id, catalogue.features)
    colours = colours.with_idle(held).flipped(clock.now())
    point_services(store, catalogue, colours)

    night.record.rows |= {name: len(frame) for name, frame in rows.items()}
    night.record.decisions["colour"] = colours.served
    night.record.decisions["audited"] = ", ".join(f"{name} {count}" for name, count in audited.items())


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


def audit_colour(night: Night, catalogue: Catalogue, colours: Colours, rows: Rows) -> dict[str, int]:
    """Audits the idle colour by a store of its own, as a reader opens it; returns entities compared by view."""
    reader = read_store(night.conf)
    return {
        view.name: audit(reader, view, catalogue.coloured[view.name, colours.idle], rows[view.name])
        for view in catalogue.views
    }


if __name__ == "__main__":
    main_of(publish)
