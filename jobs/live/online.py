"""The live views of items and shoppers: without colours, written a few rows at a time."""

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
from jobs.online.feast_warnings import silence_feast
from jobs.online.registration import changing_registry
from jobs.online.store_failures import store_failures
from jobs.serving.client import LIVE, LIVE_ITEM_VIEW

_HOLDS_FOR = {
    "night": "Night whose cap live_factor follows, as an ISO date; empty without a plan. Ignore it in other lists.",
    "until": "Moment until which live_factor holds, UTC, as an ISO time.",
}
_TEXTS = ("day", *_HOLDS_FOR)
TAGS = {"managed_by": "longtail stream"}  # not OURS: register_features removes its own undeclared objects


@dataclass(frozen=True)
class LiveView:
    """A view of the day's counts so far, and the service that reads it.

    factor: meaning of live_factor, None for a view without it and what it holds for
    """

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
        """Meaning of each field by its name."""
        return {
            **({} if self.factor is None else {"live_factor": self.factor, **_HOLDS_FOR}),
            **{f"{name}_today": f"{name.capitalize()} of the day so far." for name in SUMS},
            "day": "Day of the counts, UTC, as an ISO date; ignore counts of an earlier day.",
        }


LIVE_ITEM = LiveView(
    LIVE_ITEM_VIEW, LIVE, "item", "A product.", LIVE_ITEM_COUNTS,
    "Factor of the item's score for the rest of the night's day: 1 as planned, 0 at its cap.",
)  # fmt: skip
LIVE_USER = LiveView("live_user", "shopper_live", "user", "A shopper.", LIVE_USER_COUNTS)


def register_live(store: FeatureStore, table_path: Callable[[Table], str]) -> None:
    """Registers missing or changed live views with their services; everything else in the registry stays.

    table_path: returns the path of a table
    """
    silence_feast()
    with store_failures("Writing the registry"), changing_registry(store):
        registered = {view.name: view.features for view in store.list_feature_views()}
        missing: list[Entity | FeatureView | FeatureService] = []
        for live in (LIVE_ITEM, LIVE_USER):
            view, service = _declared(live, table_path(live.table))
            if registered.get(live.name) != view.features:
                missing += [entity_of(live.entity), view, service]
        if missing:
            store.apply(missing)


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
                Field(name=name, dtype=String if name in _TEXTS else Float64, description=meaning)
                for name, meaning in live.fields.items()
            ),
        ],
        ttl=timedelta(0),
        source=source,
        description=f"{live.whose} Counts of the day so far"
        + (", and the factor that follows from them." if live.factor else "."),
        tags=dict(TAGS),
    )
    meaning = live.factor or "A shopper's exposures and responses today."
    return view, FeatureService(name=live.service, features=[view], tags=dict(TAGS), description=meaning)


def push(store: FeatureStore, live: LiveView, counts: pd.DataFrame, day: object, now: datetime) -> int:
    """Writes the rows of `counts` to the view and returns their number.

    Values are totals of the day so far, not increments, so that writing them again changes nothing.

    counts: columns SUMS, and live_factor, night and until where the view has them, by the view's key
    """
    if counts.empty:
        return 0
    rows = counts.rename(columns={name: f"{name}_today" for name in SUMS}).assign(day=str(day))
    rows.insert(0, live.key, rows.index)
    rows = rows.assign(window_start=pd.Timestamp(now.astimezone(UTC).replace(tzinfo=None)))
    with store_failures(f"Writing {live.name}"):
        store.write_to_online_store(live.name, rows.reset_index(drop=True))
    return len(rows)
