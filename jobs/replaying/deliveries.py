"""Deliveries of the simulated storefront after a day: changed items, shoppers, the log of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from jobs.replaying.panel_store import PanelStore
from jobs.serving.client import StorefrontClient, UserList
from model.simulation.storefront import Day

_EVENT = (
    "event_id", "user_id", "item_id", "event_type", "event_time", "quantity", "price", "placement", "position",
    "request_id", "propensity", "policy", "list_as_of", "list_run_id", "list_rank",
)  # fmt: skip

_RESPONSES = {"click": 20, "cart": 40, "purchase": 60}  # seconds after the list was shown


def organic_events(store: PanelStore, day: Day, on: date) -> pd.DataFrame:
    """Purchases that follow from no list."""
    at = _moments(on, day.bought_seconds)
    price = store.items["price"].to_numpy()
    rows = pd.DataFrame(
        {
            "event_id": [f"o-{on}-{number}" for number in range(len(day.bought_user))],
            "user_id": [store.user_ids[user] for user in day.bought_user],
            "item_id": store.items["item_id"].to_numpy()[day.bought_item],
            "event_type": "purchase",
            "event_time": at,
            "quantity": 1,
            "price": price[day.bought_item],
        }
    )
    return _typed(rows.reindex(columns=list(_EVENT)))


def shelf_events(
    store: PanelStore, day: Day, on: date, shown: Mapping[int, UserList], place_of: np.ndarray, placement: str
) -> pd.DataFrame:
    """Exposures, as the client logs them, and the clicks, carts and purchases that follow, with their request.

    shown: by user of the world, the list as it was read
    place_of: [exposures] int, place in that list
    """
    rows: list[dict[str, Any]] = []
    begins = np.flatnonzero(np.diff(day.request, prepend=-1))
    moments = _moments(on, day.seconds)
    for begin, end in zip(begins, [*begins[1:], len(day.request)], strict=True):
        answer, request = shown[int(day.user[begin])], f"{on}-{day.request[begin]}"
        seen = [answer.items[place] for place in place_of[begin:end]]
        at = moments[begin]
        rows += StorefrontClient.exposure_events(answer, request, placement, seen, at)
        for (kind, seconds), responded in zip(
            _RESPONSES.items(), (day.clicked, day.responded, day.responded), strict=True
        ):
            rows += [
                {
                    "event_id": f"{kind}-{request}-{item}", "user_id": answer.user_id, "event_type": kind,
                    "item_id": store.items["item_id"].iat[item], "event_time": at + timedelta(seconds=seconds),
                    "quantity": 1, "price": store.items["price"].iat[item], "request_id": request,
                }
                for item in day.item[begin:end][responded[begin:end]]
            ]  # fmt: skip
    return _typed(pd.DataFrame(rows, columns=list(_EVENT)))


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """The same types in every delivery: pandas would write a column without values as numbers."""
    texts = ("event_id", "user_id", "item_id", "event_type", "placement", "request_id", "policy",
             "list_run_id")  # fmt: skip
    numbers = {"quantity": "int64", "price": "float64", "position": "float64", "propensity": "float64",
               "list_rank": "float64"}  # fmt: skip
    rows = rows.astype({**dict.fromkeys(texts, "string"), **numbers})
    return rows.assign(list_as_of=rows["list_as_of"].astype(object).astype(pd.ArrowDtype(pa.date32())))


def item_rows(
    store: PanelStore, which: np.ndarray, stock: np.ndarray, listed: Sequence[date], on: date
) -> pd.DataFrame:
    """The contract's items as of the end of a day; unlimited stock is NULL."""
    rows = store.items.iloc[which].copy()
    units = stock[which].astype(np.float64)
    rows["stock_quantity"] = np.where(units > 1e6, np.nan, units)
    rows["listed_at"] = [datetime.combine(listed[item], datetime.min.time(), UTC) for item in which]
    rows["updated_at"] = datetime.combine(on, datetime.max.time().replace(microsecond=0), UTC)
    return rows


def write_delivery(folder: Path, name: str, rows: pd.DataFrame) -> None:
    """Writes the rows to a Parquet file atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{name}.unfinished"
    rows.to_parquet(unfinished, index=False, coerce_timestamps="us")
    unfinished.rename(folder / f"{name}.parquet")


def _moments(on: date, seconds: np.ndarray) -> list[datetime]:
    midnight = datetime.combine(on, datetime.min.time(), UTC)
    return [midnight + timedelta(seconds=int(second)) for second in seconds]
