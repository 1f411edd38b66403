"""Flips readers back to the night in the other colour. Needs no Spark."""

from __future__ import annotations

from pathlib import Path

from jobs.online.catalogue import build_catalogue
from jobs.online.colours import Colours
from jobs.online.night_store import store_failures
from jobs.online.registration import point_services, registered_colours
from jobs.online.store import open_store, read_store
from jobs.online.views import online_views
from jobs.runtime import clock
from jobs.runtime.command import parser, run_without_spark
from jobs.runtime.config import Config
from jobs.runtime.errors import Refused
from jobs.runtime.logs import event
from jobs.runtime.roll_backs import note_roll_back

_AGAIN = "Readers still see the night that they saw; run roll_back again."


def roll_back(conf: Config, run_id: str) -> Colours:
    """Makes the night in the other colour live again, by one registry write; run again, it flips forward.

    Refused when nothing is live, or when the other colour holds no whole night.
    """
    read_store(conf)
    with store_failures("Opening the store", _AGAIN):
        store = open_store(conf)
    colours = registered_colours(store)
    live, before = colours.live_night, colours.idle_night
    if live is None or before is None:
        raise Refused(
            f"There is no other night to go back to: {_told(colours)}.",
            "Publish a night with jobs/publish.py instead.",
        )
    flipped = colours.flipped(clock.now())
    with store_failures("Writing the registry", _AGAIN):
        point_services(store, build_catalogue(online_views(conf)), flipped)
    note_roll_back(Path(conf.warehouse).absolute(), clock.now(), live.run_id, before.run_id)
    event("rolled back", run=run_id, from_date=live.as_of, to_date=before.as_of, colour=flipped.served)
    print(f"Live now: {_told(flipped)}. It was: {_told(colours)}.")
    return flipped


def _told(colours: Colours) -> str:
    night = colours.live_night
    return f"the night of {night.as_of} ({colours.served}, run {night.run_id})" if night else "nothing is published"


if __name__ == "__main__":
    given = parser(roll_back.__doc__).parse_args()
    run_without_spark(given.conf, roll_back.__name__, roll_back)
