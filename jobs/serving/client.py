"""A client of Longtail's online features for a ranking service. Copy this file; it needs Feast and nothing of Longtail.

    client = StorefrontClient("warehouse/feast/feature_store.yaml")
    shown = client.user_list("1234")                 # the shopper's tail items, best first
    boosts = client.boosts(["1082185", "995242"])    # to add to the scores of any other list

Longtail publishes a night at once: one answer is always of one night. Which copy of the data is live is part of the
feature service, so the service is asked for with every request; holding it over would keep yesterday's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from feast import FeatureStore
from feast.errors import FeatureServiceNotFoundException

RANKING = "storefront_ranking"  # shopper and item
USER = "storefront_user"
ITEM = "storefront_item"

Row = dict[str, Any]


@dataclass(frozen=True)
class PublishedNight:
    """What is live: the night's date and the run that published it."""

    as_of: date
    run_id: str


@dataclass(frozen=True)
class RankedItem:
    """One place of a list. `score` = `relevance` + `boost`, all in units of response probability.

    `propensity` is the probability with which the item is in the list: log it with every exposure.
    """

    rank: int
    item_id: str
    score: float
    relevance: float
    boost: float
    propensity: float
    reason: str


@dataclass(frozen=True)
class UserList:
    """A shopper's items, best first; not `known` means that the live night has no list for the shopper."""

    user_id: str
    known: bool
    as_of: date | None
    model_version: str | None
    items: tuple[RankedItem, ...]


class StorefrontClient:
    """Reads what Longtail published. Feast's own errors pass through: an unreachable store is not an empty list."""

    def __init__(self, feature_store_yaml: str | Path) -> None:
        """Raises FileNotFoundError where there is no such file."""
        self._store = FeatureStore(fs_yaml_file=Path(feature_store_yaml))

    def published(self) -> PublishedNight | None:
        """The live night; None before the first one."""
        try:
            tags = self._store.get_feature_service(RANKING, allow_cache=True).tags
        except FeatureServiceNotFoundException:
            return None
        return PublishedNight(date.fromisoformat(tags["as_of"]), tags["run_id"]) if "live_colour" in tags else None

    def user_list(self, user_id: str) -> UserList:
        """The shopper's list; an unknown shopper has an empty one."""
        [row] = self._ask(USER, {"user_id": [user_id]})
        item_ids = row["user_exposure__item_ids"]
        if item_ids is None:
            return UserList(user_id, False, None, None, ())
        columns = ("scores", "relevances", "boosts", "propensities", "reasons")
        places = zip(item_ids, *(row[f"user_exposure__{name}"] for name in columns), strict=True)
        items = tuple(RankedItem(rank, *place) for rank, place in enumerate(places, start=1))
        as_of = date.fromisoformat(row["user_exposure__as_of"])
        return UserList(user_id, True, as_of, row["user_exposure__model_version"], items)

    def boosts(self, item_ids: Sequence[str]) -> dict[str, float]:
        """Boost by item, in units of response probability, to add to a score; items without one are left out."""
        rows = self._ask(ITEM, {"item_id": list(item_ids)}) if item_ids else []
        boosts = {row["item_id"]: row["item_exposure__boost"] for row in rows}
        return {item_id: boost for item_id, boost in boosts.items() if boost is not None}

    def user(self, user_id: str) -> Row:
        """List and features of a shopper by `view__feature`; None for what is not there."""
        return self._ask(USER, {"user_id": [user_id]})[0]

    def items(self, item_ids: Sequence[str]) -> list[Row]:
        """Boost and features of items by `view__feature`; None for what is not there."""
        return self._ask(ITEM, {"item_id": list(item_ids)}) if item_ids else []

    def ranking(self, user_id: str, item_ids: Sequence[str]) -> list[Row]:
        """Everything about a shopper and each candidate, one row a candidate, by `view__feature`."""
        keys = {"user_id": [user_id] * len(item_ids), "item_id": list(item_ids)}
        return self._ask(RANKING, keys) if item_ids else []

    def _ask(self, name: str, keys: Mapping[str, list[str]]) -> list[Row]:
        service = self._store.get_feature_service(name, allow_cache=True)
        answer = self._store.get_online_features(features=service, entity_rows=keys, full_feature_names=True).to_dict()
        return [dict(zip(answer, values, strict=True)) for values in zip(*answer.values(), strict=True)]
