"""Flips readers back to the night in the other colour. Needs no Spark."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from jobs.config.configuration import Config
from jobs.execution.command import parser, run_without_spark
from jobs.online.catalogue import build_catalogue
from jobs.online.colours import Colours
from jobs.online.night_store import store_failures
from jobs.online.registration import point_services, registered_colours
from jobs.online.roll_backs import note_roll_back, taken_back
from jobs.online.store import open_store, read_store
from jobs.online.views import online_views
from jobs.runtime import clock
from jobs.runtime.errors import Refused
from jobs.runtime.logs import event

_AGAIN = "Readers still see the night that they saw; run roll_back again."


def roll_back(conf: Config, run_id: str, forward: bool = False) -> Colours:
    """Makes the night before live again, by one registry write.

    Run again, after whatever stopped it, it completes, and does nothing where the last publish was taken back already;
    `forward` makes that one live again. Refused when nothing is live, when the other colour holds no whole night, or
    when there is nothing to go forward to. The night comes back as it was published: what was withdrawn since is left
    out by the client's `is_withdrawn`; forgotten shoppers are in neither colour.
    """
    read_store(conf)
    with store_failures("Opening the store", _AGAIN):
        store = open_store(conf)
    colours, folder = registered_colours(store), Path(conf.warehouse).absolute()
    live, other = colours.live_night, colours.idle_night
    if live is None or other is None:
        raise Refused(
            f"There is no other night to go back to: {_told(colours)}.",
            "Publish a night with jobs/publish.py instead.",
        )
    flipped = colours.flipped(clock.now())
    is_back = other.run_id in taken_back(folder)
    if is_back and not forward:
        print(
            f"Taken back already: {_told(flipped)}. Live: {_told(colours)}; --forward makes the other one live again."
        )
        return colours
    if forward and not is_back:
        raise Refused(f"The other night was not taken back: {_told(flipped)}.", "Run roll_back without --forward.")
    gone, again = (None, other.run_id) if forward else (live.run_id, other.run_id)
    with store_failures("Writing the registry", _AGAIN):
        # Noted before the flip, so that a second run knows that it is one.
        note_roll_back(folder, clock.now(), taken_back=gone, live_again=again)
        try:
            point_services(store, build_catalogue(online_views(conf)), flipped)
        except BaseException:
            note_roll_back(folder, clock.now(), taken_back=other.run_id if forward else None, live_again=live.run_id)
            raise
    event("rolled back", run=run_id, from_date=live.as_of, to_date=other.as_of, colour=flipped.served)
    print(f"Live now: {_told(flipped)}. It was: {_told(colours)}.")
    return flipped


def _told(colours: Colours) -> str:
    night = colours.live_night
    return f"the night of {night.as_of} ({colours.served}, run {night.run_id})" if night else "nothing is published"


if __name__ == "__main__":
    made = parser(roll_back.__doc__)
    made.add_argument("--forward", action="store_true", help="make the night that was taken back live again")
    given = made.parse_args()
    run_without_spark(given.conf, roll_back.__name__, partial(roll_back, forward=given.forward))
