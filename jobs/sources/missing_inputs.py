"""What a store does not have, and which features and channels therefore say nothing."""

from __future__ import annotations

import json

from features.declarations.items import ITEM_FEATURES
from features.declarations.users import USER_FEATURES
from jobs.execution.manifest import last_done
from jobs.execution.night import Night
from jobs.runtime.logs import event
from model.retrieval.channels import ALL_CHANNELS

# What columns of the daily partials are made of.
_PARTIALS = {
    "exposures_weight": "exposures",
    "responses_weight": "exposures",
    "clicks_weight": "clicks",
    "carts_weight": "carts",
    "returns_count": "returns",
    "discount_sum": "events.discount",
    "discounted_count": "events.discount",
    "baskets_count": "events.basket_id",
    "stores": "events.store_id",
}
_CHANNELS = {
    "type_affinity": "items.product_type",
    "type_loyalty": "items.product_type",
    "type_recency": "items.product_type",
    "share_of_type": "items.product_type",
    "brand_type_affinity": "items.brand",
    "category_affinity": "items.category",
    "store_popularity": "events.store_id",
    "store_promotion": "promotions",
    "promotion_reach": "promotions",
}


def silent_features(absent: frozenset[str]) -> list[str]:
    """`<entity>.<feature>` of the declared features that are the same for everybody where these columns are absent."""
    return [
        f"{feature.entity}.{feature.name}"
        for feature in (*ITEM_FEATURES, *USER_FEATURES)
        if any(_needs(column) in absent for column in feature.source_columns)
    ]


def _needs(source: str) -> str:
    """What of the contract a source column of a feature is made of: a column, a table, or a kind of event."""
    table, _, column = source.partition(".")
    if table == "promotions" or source.startswith("users.attributes."):
        return "promotions" if table == "promotions" else "users.attributes"
    if table.startswith("daily_"):
        return _PARTIALS.get(column, column.replace("item_features.", "items."))
    return source


def silent_channels(absent: frozenset[str]) -> list[str]:
    """Names of the first stage's channels that score all alike where these columns are absent."""
    return [name for name in ALL_CHANNELS if _CHANNELS.get(name) in absent]


def channels_in_use(night: Night) -> tuple[str, ...]:
    """The first stage's channels without those that what the last ingest found absent makes silent."""
    row = last_done(night.tables, "ingest")
    silent = silent_channels(frozenset(json.loads(row["decisions"].get("absent", "[]")))) if row else []
    return tuple(name for name in ALL_CHANNELS if name not in silent)


def report_absences(absent: frozenset[str]) -> None:
    """Logs what the store does not have and what is switched off by it."""
    if absent:
        event("not in this store", columns=",".join(sorted(absent)))
    for what, names in (("features", silent_features(absent)), ("channels", silent_channels(absent))):
        if names:
            event("switched off", **{what: ",".join(names)})
