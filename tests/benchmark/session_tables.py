"""A published night of lists, neighbours and live counts without Spark, for reads within a session."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from features.contract.live_counts import SUMS
from jobs.config.configuration import Config
from jobs.live.online import LIVE_ITEM, push, register_live
from jobs.online.catalogue import build_catalogue
from jobs.online.colours import HeldNight
from jobs.online.fields import OnlineView
from jobs.online.registration import point_services, register, registered_colours
from jobs.online.store import open_store
from jobs.online.views import online_views, table_path
from jobs.online.writing import replace_rows
from jobs.serving.client import ITEM_NEIGHBOURS_VIEW, USER_EXPOSURE_VIEW
from tests.jobs.online.frames import local_rows, rows_of

ITEMS, SLOTS = 5_000, 10
ITEM_IDS = np.array([f"i{number:06}" for number in range(ITEMS)])


def publish_sessions(conf: Config, users: int, as_of: date) -> None:
    """Publishes lists of SLOTS items for the shoppers u0000000, …, the neighbours of all items, and live factors."""
    catalogue, store = build_catalogue(online_views(conf)), open_store(conf)
    register(store, catalogue)
    colours, random = registered_colours(store), np.random.default_rng(0)
    rows = {
        USER_EXPOSURE_VIEW: lambda view: _lists(view, users, as_of, random),
        ITEM_NEIGHBOURS_VIEW: lambda view: _neighbours(conf.neighbours.of_item, random),
    }
    for view in catalogue.views:
        of_view = rows[view.name](view) if view.name in rows else rows_of(view, as_of.day)
        replace_rows(store, view, catalogue.coloured[view.name, colours.idle], local_rows(view, of_view), as_of)
    held = HeldNight(as_of, "run", catalogue.features)
    point_services(store, catalogue, colours.with_idle(held).flipped(datetime.now(UTC)))
    register_live(store, lambda table: table_path(conf, table))
    now = datetime.now(UTC)
    live = {"live_factor": 0.9, "night": as_of.isoformat(), "until": (now + timedelta(days=1)).isoformat()}
    counts = pd.DataFrame({**dict.fromkeys(SUMS, 1.0), **live}, index=pd.Index(ITEM_IDS, name="item_id"))
    push(store, LIVE_ITEM, counts, as_of, now)


def _lists(view: OnlineView, users: int, as_of: date, random: np.random.Generator) -> pd.DataFrame:
    first = rows_of(view, as_of.day).iloc[:1]
    rows = first.loc[first.index.repeat(users)].reset_index(drop=True)
    rows["user_id"] = [f"u{number:07}" for number in range(users)]
    rows["item_ids"] = list(ITEM_IDS[random.integers(ITEMS, size=(users, SLOTS))])
    for name in ("scores", "relevances"):
        rows[name] = list(np.sort(random.random((users, SLOTS)) * 0.1)[:, ::-1])
    rows["boosts"], rows["propensities"] = [[0.0] * SLOTS] * users, [[1.0] * SLOTS] * users
    rows["reasons"] = [["Bought this type recently"] * SLOTS] * users
    return rows


def _neighbours(of_item: int, random: np.random.Generator) -> pd.DataFrame:
    ids = ITEM_IDS[random.integers(ITEMS, size=(ITEMS, of_item))]
    lifts = np.sort(random.random((ITEMS, of_item)) * 20)[:, ::-1]
    columns = {"item_id": ITEM_IDS, "neighbour_ids": list(ids), "lifts": list(lifts), "rest_lift": 0.7}
    return pd.DataFrame(columns)
