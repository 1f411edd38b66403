"""The live view of items: beside the coloured views, written a few items at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, ValueType
from feast.infra.offline_stores.contrib.spark_offline_store.spark_source import SparkSource
from feast.table_format import DeltaFormat
from feast.types import Float64, String

from features.contract.live_counts import LIVE_ITEM_COUNTS, SUMS
from jobs.online.night_store import store_failures
from jobs.online.quiet import hush_feast
from jobs.online.registration import changing_registry

LIVE_VIEW, LIVE_SERVICE = "live_item", "storefront_live"
TAGS = {"managed_by": "longtail stream"}  # register_features removes what is its own and no longer declared
_FIELDS = {
    "live_factor": "What to multiply the item's score by for the rest of the day: 1 as planned, 0 at its cap.",
    **{f"{name}_today": f"{name.capitalize()} of the day so far." for name in SUMS},
    "day": "Day of the counts, UTC, as an ISO date; of an earlier day they say nothing.",
}


def register_live(store: FeatureStore, table_path: str) -> FeatureView:
    """The live view; it is registered with its service where it is not yet, without touching anything else."""
    hush_feast()
    view, service = _declared(table_path)
    with store_failures("Writing the registry"), changing_registry(store):
        registered = {one.name: one for one in store.list_feature_views()}
        if LIVE_VIEW not in registered or registered[LIVE_VIEW].features != view.features:
            store.apply([*view_entities(), view, service])
    return view


def view_entities() -> list[Entity]:
    """The item as Feast's entity, as the other views have it."""
    return [
        Entity(
            name="item",
            join_keys=["item_id"],
            value_type=ValueType.STRING,
            description="A product.",
            tags={"managed_by": "longtail"},
        )
    ]


def _declared(table_path: str) -> tuple[FeatureView, FeatureService]:
    kinds = {name: String if name == "day" else Float64 for name in _FIELDS}
    source = SparkSource(
        name=LIVE_VIEW,
        path=table_path,
        table_format=DeltaFormat(),
        timestamp_field="window_start",
        description=LIVE_ITEM_COUNTS.meaning,
        tags=dict(TAGS),
    )
    view = FeatureView(
        name=LIVE_VIEW,
        entities=view_entities(),
        schema=[
            Field(name="item_id", dtype=String),
            *(Field(name=name, dtype=kinds[name], description=meaning) for name, meaning in _FIELDS.items()),
        ],
        ttl=timedelta(0),
        source=source,
        description="Counts of the day so far, and what they leave of an item's exposure.",
        tags=dict(TAGS),
    )
    meaning = "The live factor of an item, to multiply its score by."
    return view, FeatureService(name=LIVE_SERVICE, features=[view], tags=dict(TAGS), description=meaning)


def push(store: FeatureStore, counts: pd.DataFrame, factor: pd.Series, day: object, now: datetime) -> int:
    """Writes the items of `counts` (index item_id) to the live view; returns how many.

    Values are those of the day so far, not differences, so that writing them again changes nothing.
    """
    if counts.empty:
        return 0
    rows = counts.rename(columns={name: f"{name}_today" for name in SUMS})
    rows = rows.assign(live_factor=factor.reindex(counts.index), day=str(day))
    rows.insert(0, "item_id", rows.index)
    rows = rows.assign(window_start=pd.Timestamp(now.astimezone(UTC).replace(tzinfo=None)))
    with store_failures(f"Writing {LIVE_VIEW}"):
        store.write_to_online_store(LIVE_VIEW, rows.reset_index(drop=True))
    return len(rows)
