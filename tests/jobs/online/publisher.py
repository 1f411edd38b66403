"""A process that publishes night after night, for tests to kill: python -m tests.jobs.online.publisher."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, date, datetime, timedelta

import pandas as pd
from feast import FeatureView, Field
from feast.types import Float64, String

from jobs.config.configuration import load_config
from jobs.online.catalogue import Catalogue, build_catalogue
from jobs.online.fields import OnlineView
from jobs.online.registration import register, registered_colours
from jobs.online.store import open_store
from jobs.online.views import online_views
from jobs.publish import bring_live
from jobs.runtime.lock import only_writer
from jobs.runtime.storage import storage_of
from tests.jobs.online.frames import local_rows, rows_of

FIRST = date(2017, 1, 1)
LIVE = "live_factor"  # a view without colours, written during every publish


def night_of(number: int) -> date:
    return FIRST + timedelta(days=number)


def rows(view: OnlineView, number: int, copies: int) -> pd.DataFrame:
    """Every value of night `number` is the number; `copies` further entities make the write long."""
    few = rows_of(view, number)
    many = few.loc[few.index.repeat(copies)].reset_index(drop=True)
    many[view.join_key] = [f"{name}{place}" for place, name in enumerate(many[view.join_key])]
    both = pd.concat([few, many], ignore_index=True)
    return both.assign(as_of=night_of(number).isoformat()) if "as_of" in both else both


def live_view(catalogue: Catalogue) -> FeatureView:
    schema = [Field(name="item_id", dtype=String), Field(name="factor", dtype=Float64)]
    source = catalogue.sources["item_exposure"]
    return FeatureView(name=LIVE, entities=[catalogue.entities["item"]], schema=schema, ttl=timedelta(0), source=source)


def publish_nights(conf_path: str, first: int, last: int, copies: int) -> None:
    """Publishes the nights first..last and prints a line for each, while a thread writes another view."""
    conf = load_config(conf_path)
    catalogue = build_catalogue(online_views(conf))
    stop = threading.Event()

    def write_live() -> None:
        own_store = open_store(conf)
        moment = datetime.now(UTC)
        while not stop.is_set():
            frame = pd.DataFrame({"item_id": ["tea"], "factor": [1.0], "event_timestamp": [moment]})
            own_store.write_to_online_store(LIVE, frame)
            stop.wait(0.02)

    with only_writer(storage_of(conf.warehouse), "publisher", 60):
        store = open_store(conf)
        register(store, catalogue)
        store.apply([live_view(catalogue)])
        writer = threading.Thread(target=write_live, daemon=True)
        writer.start()
        for number in range(first, last + 1):
            frames = {view.name: local_rows(view, rows(view, number, copies)) for view in catalogue.views}
            bring_live(conf, night_of(number), f"r{number}", catalogue, store, registered_colours(store), frames)
            if not writer.is_alive():
                raise RuntimeError("the live view could not be written during a publish")
            print(number, flush=True)
        stop.set()
        writer.join()


if __name__ == "__main__":
    publish_nights(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
