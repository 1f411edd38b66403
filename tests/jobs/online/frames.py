"""Nights without Spark: rows built from the declared fields, published by the code of a real night."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyspark.sql.pandas.types import to_arrow_type
from pyspark.sql.types import ArrayType, BooleanType, DataType, DoubleType, StringType

from jobs.config.configuration import Config
from jobs.online.catalogue import Catalogue, build_catalogue
from jobs.online.colours import HeldNight
from jobs.online.driver_rows import DriverRows
from jobs.online.fields import OnlineView
from jobs.online.registration import point_services, register, registered_colours
from jobs.online.settings import reader_settings
from jobs.online.store import open_store
from jobs.online.views import online_views
from jobs.online.writing import replace_rows
from jobs.publish import bring_live
from jobs.serving.client import ITEM_EXPOSURE_VIEW, USER_EXPOSURE_VIEW, StorefrontClient
from tests.jobs.online.nights import config_in

IDS = {"user": ["ann", "ben"], "item": ["tea", "salt"]}


def live_night(conf: Config, folder: Path) -> date:
    """The night that a storefront reads of those that `publish_frames` published; it has its settings in `folder`."""
    reader = folder / "reader.yaml"
    reader.write_text(reader_settings(conf), encoding="utf-8")
    return StorefrontClient(reader, timeout_seconds=None, on_stale="serve").user_list("ann").as_of


def local_rows(view: OnlineView, rows: pd.DataFrame) -> DriverRows:
    """The rows with the columns and types of the view."""
    kinds = [(view.join_key, StringType()), *((field.name, field.type) for field in view.fields)]
    schema = pa.schema([(name, to_arrow_type(kind)) for name, kind in kinds])
    return DriverRows(view.join_key, pa.Table.from_pandas(rows, schema=schema, preserve_index=False))


def value_of(kind: DataType, k: int) -> Any:
    """A value from the night's factor: numbers are k, texts 'k', arrays hold it twice, flags are true."""
    if isinstance(kind, ArrayType):
        return [value_of(kind.elementType, k)] * 2
    if isinstance(kind, StringType):
        return str(k)
    if isinstance(kind, DoubleType):
        return float(k)
    return True if isinstance(kind, BooleanType) else k


def rows_of(view: OnlineView, k: int, users: tuple[str, ...] = ()) -> pd.DataFrame:
    """One row for each of the view's two entities, and for `users`."""
    ids = [*IDS[view.entity], *(users if view.entity == "user" else ())]
    columns: dict[str, list[Any]] = {view.join_key: ids}
    columns |= {field.name: [value_of(field.type, k) for _ in ids] for field in view.fields}
    if view.name in (USER_EXPOSURE_VIEW, ITEM_EXPOSURE_VIEW):
        columns["as_of"] = [f"2017-12-{k:02}"] * len(ids)
    return pd.DataFrame(columns)


def publish_frames(conf: Config, k: int, catalogue: Catalogue | None = None, users: tuple[str, ...] = ()) -> Catalogue:
    """Registers, writes night k (2017-12-k) into the idle colour and flips."""
    catalogue = catalogue or build_catalogue(online_views(conf))
    store = open_store(conf)
    register(store, catalogue)
    colours = registered_colours(store)
    as_of = date(2017, 12, k)
    for view in catalogue.views:
        rows = local_rows(view, rows_of(view, k, users))
        replace_rows(store, view, catalogue.coloured[view.name, colours.idle], rows, as_of)
    held = HeldNight(as_of, f"r{k}", catalogue.features)
    point_services(store, catalogue, colours.with_idle(held).flipped(datetime.now(UTC)))
    return catalogue


def bring_frames_live(conf: Config, k: int) -> None:
    """Publishes night k (2017-12-k) as jobs/publish.py does: waits for readers, writes, audits, flips."""
    catalogue, store = build_catalogue(online_views(conf)), open_store(conf)
    rows = {view.name: local_rows(view, rows_of(view, k)) for view in catalogue.views}
    bring_live(conf, date(2017, 12, k), f"r{k}", catalogue, store, registered_colours(store), rows)


def published_in(folder: Path) -> Config:
    """A configuration in `folder` whose store holds night 1."""
    conf = config_in(folder)
    publish_frames(conf, 1)
    return conf
