"""The live views of items and shoppers: beside the coloured views, written a few rows at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field
from feast.infra.offline_stores.contrib.spark_offline_store.spark_source import SparkSource
from feast.table_format import DeltaFormat
from feast.types import Float64, String

from features.contract.live_counts import LIVE_ITEM_COUNTS, LIVE_USER_COUNTS, SUMS
from features.contract.table import Table
from jobs.online.catalogue import entity_of
from jobs.online.feast_warnings import hush_feast
from jobs.online.night_store import store_failures
from jobs.online.registration import changing_registry

TAGS = {"managed_by": "longtail stream"}  # register_features removes what is its own and no longer declared


@dataclass(frozen=True)
class LiveView:
    """A view of counts of the day so far, and the service that reads it. factor: meaning of live_factor, None: none."""

    name: str
    service: str
    entity: str
    whose: str
    table: Table
    factor: str | None = None

    @property
    def key(self) -> str:
        return f"{self.entity}_id"

    @property
    def fields(self) -> dict[str, str]:
        """By name its meaning."""
        return {
            **({} if self.factor is None else {"live_factor": self.factor}),
            **{f"{name}_today": f"{name.capitalize()} of the day so far." for name in SUMS},
            "day": "Day of the counts, UTC, as an ISO date; of an earlier day they say nothing.",
        }


LIVE_ITEM = LiveView(
    "live_item", "storefront_live", "item", "A product.", LIVE_ITEM_COUNTS,
    "What to multiply the item's score by for the rest of the day: 1 as planned, 0 at its cap.",
)  # fmt: skip
LIVE_USER = LiveView("live_user", "shopper_live", "user", "A shopper.", LIVE_USER_COUNTS)
LIVE_SERVICE = LIVE_ITEM.service


def register_live(store: FeatureStore, table_path: Callable[[Table], str]) -> None:
    """Registers the live views with their services where they are not yet, without touching anything else.

    table_path: the path of a table.
    """
    hush_feast()
    with store_failures("Writing the registry"), changing_registry(store):
        registered = {one.name: one.features for one in store.list_feature_views()}
        lacking: list[Entity | FeatureView | FeatureService] = []
        for live in (LIVE_ITEM, LIVE_USER):
            view, service = _declared(live, table_path(live.table))
            if registered.get(live.name) != view.features:
                lacking += [entity_of(live.entity), view, service]
        if lacking:
            store.apply(lacking)


def _declared(live: LiveView, path: str) -> tuple[FeatureView, FeatureService]:
    source = SparkSource(
        name=live.name,
        path=path,
        table_format=DeltaFormat(),
        timestamp_field="window_start",
        description=live.table.meaning,
        tags=dict(TAGS),
    )
    view = FeatureView(
        name=live.name,
        entities=[entity_of(live.entity)],
        schema=[
            Field(name=live.key, dtype=String),
            *(
                Field(name=name, dtype=String if name == "day" else Float64, description=meaning)
                for name, meaning in live.fields.items()
            ),
        ],
        ttl=timedelta(0),
        source=source,
        description=f"{live.whose} Counts of the day so far" + (", and what they leave of it." if live.factor else "."),
        tags=dict(TAGS),
    )
    meaning = live.factor or "What a shopper was shown and did today."
    return view, FeatureService(name=live.service, features=[view], tags=dict(TAGS), description=meaning)


def push(store: FeatureStore, live: LiveView, counts: pd.DataFrame, day: object, now: datetime) -> int:
    """Writes the rows of `counts`, by the view's key, with live_factor where the view has one; returns how many.

    Values are those of the day so far, not differences, so that writing them again changes nothing.
    """
    if counts.empty:
        return 0
    rows = counts.rename(columns={name: f"{name}_today" for name in SUMS}).assign(day=str(day))
    rows.insert(0, live.key, rows.index)
    rows = rows.assign(window_start=pd.Timestamp(now.astimezone(UTC).replace(tzinfo=None)))
    with store_failures(f"Writing {live.name}"):
        store.write_to_online_store(live.name, rows.reset_index(drop=True))
    return len(rows)
