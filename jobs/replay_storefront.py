"""Simulates days of a storefront that shows the published lists, and writes its deliveries as files to ingest.

--begin opens the store: shoppers, items and 20 weeks of purchases without lists, drawn from the panel. After each night
--day simulates one day: shoppers visit, read their lists through the storefront's client, look, buy and tire of what
they have seen; stock runs out and new items arrive. The folder `truth` keeps the simulation's state.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from jobs.config.configuration import Config
from jobs.execution.command import calendar_date, parser, run_without_spark
from jobs.online.store import storefront_client
from jobs.replaying.deliveries import item_rows, organic_events, shelf_events, write_delivery
from jobs.replaying.panel_store import PanelStore, panel_store
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import event
from jobs.serving.client import UserList
from jobs.sources.complete_journey.panel import installed_folder
from model.simulation.storefront import Lists, Storefront

HISTORY_DAYS, SHOPPERS, ITEMS = 140, 3_600, 2_000
# Probability that a position is looked at, which differs from plan.position_weights: the nights have to learn it.
EXAMINATION = np.arange(1, 21) ** -0.55
UNLIMITED = np.iinfo(np.int64).max // 2  # units of stock


def begin(conf: Config, folder: Path, opens: date, shoppers: int = SHOPPERS, items: int = ITEMS,
          history: int = HISTORY_DAYS) -> None:  # fmt: skip
    """Writes items, shoppers and the purchases of the days before `opens`, the first day with lists."""
    store = _store(conf, shoppers, items, history)
    shop = Storefront(store.world, conf.seed)
    no_lists = Lists(np.full((shoppers, 1), -1), np.ones((shoppers, 1)))
    first = opens - timedelta(days=history)
    shop.stock[:] = UNLIMITED  # nothing sells out before there are lists
    days = [organic_events(store, shop.play(no_lists), first + timedelta(days=day)) for day in range(history)]
    shop.stock = store.world.stock.copy()
    in_store = np.flatnonzero(store.world.arrives <= history)
    last = opens - timedelta(days=1)
    write_delivery(folder, f"items-{last}", item_rows(store, in_store, shop.stock, _listed(store, first), first))
    write_delivery(folder, "users", _users(store, first))
    for day, rows in enumerate(days):
        write_delivery(folder, f"events-{first + timedelta(days=day)}", rows)
    _save(folder, shop, np.array([shoppers, items, history]), first)
    event("store opened", opens=opens, shoppers=shoppers, items=len(in_store), purchases=sum(map(len, days)))


def replay(conf: Config, folder: Path, on: date) -> dict[str, int]:
    """Simulates one day and writes its delivery; returns the number of rows by kind.

    Simulating the last day again writes the same delivery. Raises LongtailError where the store was not opened, nothing
    is published, or a day is skipped.
    """
    store, shop, sizes, first = _load(conf, folder, on)
    client = storefront_client(conf)
    if client.published() is None:
        raise LongtailError("Nothing is published, so shoppers would see no lists.", "Run the night first.")
    place = {item: number for number, item in enumerate(store.items["item_id"])}
    shown = {number: client.user_list(user) for number, user in enumerate(store.user_ids)}
    lists, place_in = _as_arrays(shown, place)
    before = shop.stock.copy()
    day = shop.play(lists)
    at = np.asarray(place_in[day.user, day.item]).ravel()
    shelf = shelf_events(store, day, on, shown, at, conf.plan.placement)
    organic = organic_events(store, day, on)
    changed = np.flatnonzero((store.world.arrives == shop.day) | ((shop.stock != before) & (before < 1e6)))
    write_delivery(folder, f"events-{on}", pd.concat([shelf, organic], ignore_index=True))
    if len(changed):
        write_delivery(folder, f"items-{on}", item_rows(store, changed, shop.stock, _listed(store, first), on))
    _save(folder, shop, sizes, first)
    counts = {"exposures": len(day.user), "clicks": int(day.clicked.sum()),
              "purchases_of_the_shelf": int(day.responded.sum()), "other_purchases": len(organic),
              "items_changed": len(changed),
              "sold_out": int(((shop.stock == 0) & (before > 0)).sum())}  # fmt: skip
    event("day simulated", day=on, **counts)
    return counts


def _store(conf: Config, shoppers: int, items: int, history: int) -> PanelStore:
    return panel_store(installed_folder(), shoppers, items, EXAMINATION[: conf.plan.slots], conf.seed, history)


def _listed(store: PanelStore, first: date) -> list[date]:
    """The day on which each item was listed; items that the store opens with a year before."""
    return [first + timedelta(days=int(day)) if day else first - timedelta(days=365) for day in store.world.arrives]


def _users(store: PanelStore, first: date) -> pd.DataFrame:
    signed_up = datetime.combine(first - timedelta(days=1), datetime.min.time(), UTC)
    return pd.DataFrame({"user_id": store.user_ids, "signed_up_at": signed_up})


def _as_arrays(shown: dict[int, UserList], place: dict[str, int]) -> tuple[Lists, csr_array]:
    """The lists by rank, and each pair of user and item's place in the list that was read."""
    rows = [(user, rank, place[entry.item_id], entry.propensity)
            for user, answer in shown.items() for rank, entry in enumerate(answer.items)]  # fmt: skip
    user, rank, item = (np.array([row[n] for row in rows], dtype=np.int64) for n in range(3))
    width = int(rank.max(initial=0)) + 1
    items, propensity = np.full((len(shown), width), -1), np.ones((len(shown), width))
    items[user, rank], propensity[user, rank] = item, [row[3] for row in rows]
    return Lists(items, propensity), csr_array((rank, (user, item)), shape=(len(shown), len(place)))


def _truth(folder: Path, day: date) -> Path:
    return folder / "truth" / f"{day}.npz"


def _save(folder: Path, shop: Storefront, sizes: np.ndarray, first: date) -> None:
    """Writes the state after the last simulated day."""
    path = _truth(folder, first + timedelta(days=shop.day - 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {"sizes": sizes, "first": np.array(first.toordinal()), **shop.state()}
    np.savez(path, **arrays)


def opened(conf: Config, folder: Path, days: Sequence[date]) -> tuple[PanelStore, dict[date, Storefront]]:
    """The store, and the storefront as each of these days begins. Raises LongtailError for a day without a state."""
    states = {day: _state_before(folder, day) for day in days}
    shoppers, items, history = states[days[0]]["sizes"].tolist()
    store = _store(conf, shoppers, items, history)
    shops = {day: Storefront(store.world, conf.seed) for day in days}
    for day, shop in shops.items():
        shop.restore(states[day])
    return store, shops


def _load(conf: Config, folder: Path, on: date) -> tuple[PanelStore, Storefront, np.ndarray, date]:
    state = _state_before(folder, on)
    store, shops = opened(conf, folder, [on])
    return store, shops[on], state["sizes"], date.fromordinal(int(state["first"]))


def _state_before(folder: Path, on: date) -> dict[str, np.ndarray]:
    path = _truth(folder, on - timedelta(days=1))
    if not path.exists():
        days = sorted(state.stem for state in path.parent.glob("*.npz"))
        raise LongtailError(
            f"The simulated storefront has no state of the day before {on}"
            + (f"; its last day is {days[-1]}." if days else "."),
            "Simulate the days in order, or open the store with --begin.",
        )
    with np.load(path) as state:
        return dict(state)


def main() -> None:
    """Parses the command line, then opens the store or simulates the day."""
    arguments = parser(__doc__, "conf/simulated.yaml")
    action = arguments.add_mutually_exclusive_group(required=True)
    action.add_argument(
        "--begin", type=calendar_date, metavar="YYYY-MM-DD", help="open the store; lists are shown from this day on"
    )
    action.add_argument("--day", type=calendar_date, metavar="YYYY-MM-DD", help="simulate this day with the live lists")
    arguments.add_argument(
        "--to",
        type=Path,
        default=Path("simulated"),
        metavar="FOLDER",
        help="folder of the deliveries (default: %(default)s)",
    )
    args = arguments.parse_args()

    def body(conf: Config, _: str) -> None:
        if args.begin:
            begin(conf, args.to, args.begin)
        else:
            print("\n".join(f"{name}: {count}" for name, count in replay(conf, args.to, args.day).items()))

    run_without_spark(args.conf, "replay_storefront", body)


if __name__ == "__main__":
    main()
