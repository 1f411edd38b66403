"""Returns readers to the previous night, which the other colour holds. Needs no Spark for a local warehouse."""

from __future__ import annotations

from functools import partial

from jobs.config.configuration import Config
from jobs.execution.command import parser, run_without_spark
from jobs.online.catalogue import build_catalogue
from jobs.online.colours import Colours
from jobs.online.registration import point_services, registered_colours
from jobs.online.roll_backs import note_roll_back, rolled_back_runs
from jobs.online.store import check_registered, open_store
from jobs.online.store_failures import store_failures
from jobs.online.views import online_views
from jobs.runtime import clock
from jobs.runtime.errors import Refused
from jobs.runtime.logs import event
from jobs.runtime.storage import storage_of

_AGAIN = "Readers still see the same night as before; run roll_back again."


def roll_back(conf: Config, run_id: str, forward: bool = False) -> Colours:
    """Makes the previous night live again, by one registry write.

    A second run completes a stopped one, and changes nothing if the last publish was rolled back already; --forward
    makes that one live again. Refused when nothing is live, when the other colour holds no complete night, or when
    there is no roll-back to undo. The night returns as it was published: the client's is_withdrawn leaves out items
    withdrawn since, and forgotten shoppers are in neither colour.
    """
    check_registered(conf)
    with store_failures("Opening the store", _AGAIN):
        store = open_store(conf)
    colours, files = registered_colours(store), storage_of(conf.warehouse)
    live, other = colours.live_night, colours.idle_night
    if live is None or other is None:
        raise Refused(
            f"There is no other night to return to ({_live_night(colours)}).",
            "Publish a second night first: roll_back makes the one before it live again.",
        )
    flipped = colours.flipped(clock.now())
    is_rolled_back = other.run_id in rolled_back_runs(files)
    if is_rolled_back and not forward:
        print(
            f"Rolled back already: {_live_night(flipped)}. Live now: {_live_night(colours)}. "
            "--forward makes the other night live again."
        )
        return colours
    if forward and not is_rolled_back:
        raise Refused(f"There is no roll-back to undo: {_live_night(colours)}.", "Run roll_back without --forward.")
    rolled_back = None if forward else live.run_id
    with store_failures("Writing the registry", _AGAIN):
        # Noted before the flip, so that a second run after a crash does not flip back.
        note_roll_back(files, clock.now(), rolled_back, live_again=other.run_id)
        try:
            point_services(store, build_catalogue(online_views(conf)), flipped)
        except BaseException:
            note_roll_back(files, clock.now(), other.run_id if forward else None, live_again=live.run_id)
            raise
    event("rolled back", run=run_id, from_date=live.as_of, to_date=other.as_of, colour=flipped.served)
    print(f"Live now: {_live_night(flipped)}. It was: {_live_night(colours)}.")
    return flipped


def _live_night(colours: Colours) -> str:
    night = colours.live_night
    return f"the night of {night.as_of} ({colours.served}, run {night.run_id})" if night else "nothing is published"


if __name__ == "__main__":
    arguments = parser(roll_back.__doc__)
    arguments.add_argument("--forward", action="store_true", help="undo a roll-back: make the newer night live again")
    args = arguments.parse_args()
    run_without_spark(args.conf, roll_back.__name__, partial(roll_back, forward=args.forward))
