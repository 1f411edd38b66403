"""What the client returns, and the rows to log of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

from .names import EVERYONE_KEY, USER_EXPOSURE_VIEW

Row = dict[str, Any]
OnStale = Literal["serve", "warn", "fall_back"]
Source = Literal["personal", "segment", "everyone", "stale", "none"]
ListOrder = Literal["plan", "session"]

_ARRAYS = ("item_ids", "scores", "relevances", "boosts", "propensities", "reasons")  # as the fields of RankedItem


@dataclass(frozen=True)
class PublishedNight:
    """The live night: its date and the run that published it."""

    as_of: date
    run_id: str


@dataclass(frozen=True)
class RankedItem:
    """One place of a list.

    rank: in the list as it was read, from 1; it stays when items are left out or sorted again
    score: value + boost, in units of response probability where the value is the relevance alone; what happened during
        the day changes it, and nothing else of the item
    propensity: probability that the list contains the item; log it with every exposure
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
    """A shopper's items, best first.

    user_id: empty for a visitor without an id
    known: whether the live night has a personal list for the shopper
    source: 'personal', the fallback list of the 'segment' or of 'everyone'; 'stale' and 'none' have no items
    policy: the plan that made the list
    arm: the shopper's arm of the running A/B test, None without a test
    from_memory: an earlier answer, because the store is down
    run_id: the run that planned the list
    order: 'session' where `session_list` sorted the items again by what the shopper just viewed
    """

    user_id: str
    known: bool
    as_of: date | None
    model_version: str | None
    items: tuple[RankedItem, ...]
    source: Source = "none"
    policy: str | None = None
    arm: str | None = None
    from_memory: bool = False
    run_id: str | None = None
    order: ListOrder = "plan"


class Boosts(dict[str, float]):
    """Boosts by item, in units of the score.

    as_of: their night, None when no item was requested
    from_memory: an earlier answer, because the store is down; items that are not remembered are left out
    """

    as_of: date | None = None
    from_memory: bool = False


def list_of_row(row: Row, user_id: str) -> UserList:
    """The list that a row of the list service holds, for the shopper who asked. Raises KeyError for a missing field."""
    prefix = f"{USER_EXPOSURE_VIEW}__"
    values = {name.removeprefix(prefix): value for name, value in row.items() if name.startswith(prefix)}
    places = zip(*(values[name] for name in _ARRAYS), strict=True)
    key: str = row["user_id"]
    fallback: Source = "everyone" if key == EVERYONE_KEY else "segment"
    return UserList(
        user_id,
        known=key == user_id,
        as_of=date.fromisoformat(values["as_of"]),
        model_version=values["model_version"],
        items=tuple(RankedItem(rank, *place) for rank, place in enumerate(places, start=1)),
        source="personal" if key == user_id else fallback,
        policy=values["policy"],
        run_id=values["run_id"],
        arm=values.get("arm") or None,  # empty in a fallback list, missing from nights older than A/B tests
    )


def with_items(shown: UserList, items: Sequence[RankedItem]) -> UserList:
    """The list with these items, sorted by their scores around the randomly drawn ones.

    A drawn item keeps its place: sorting it by score would undo the draw.
    """
    drawn = [item.propensity < 1 for item in items]
    ranked = iter(sorted((i for i, random in zip(items, drawn, strict=True) if not random), key=lambda i: -i.score))
    order = (item if random else next(ranked) for item, random in zip(items, drawn, strict=True))
    return replace(shown, items=tuple(order))


def exposure_rows(
    shown: UserList,
    request_id: str,
    placement: str,
    items: Sequence[RankedItem] | None,
    at: datetime | None,
    visitor_id: str,
) -> list[Row]:
    """The rows that `StorefrontClient.exposure_events` returns; visitor_id: '' where it is unknown."""
    if not (shown.user_id or visitor_id):
        return []
    moment = at or datetime.now(UTC)
    further = {"visitor_id": visitor_id} if visitor_id else {}
    if shown.order != "plan":
        further["list_order"] = shown.order
    return [
        {
            "event_id": uuid.uuid5(uuid.NAMESPACE_OID, f"{request_id}/{placement}/{position}/{item.item_id}").hex,
            "user_id": shown.user_id or None,
            **further,
            "item_id": item.item_id,
            "event_type": "exposure",
            "event_time": moment,
            "quantity": 0,
            "price": 0,
            "placement": placement,
            "position": position,
            "request_id": request_id,
            "propensity": item.propensity,
            "sample_weight": 1.0,
            "policy": shown.policy,
            "list_as_of": shown.as_of,
            "list_run_id": shown.run_id,
            "list_rank": item.rank,
        }
        for position, item in enumerate(shown.items if items is None else items, start=1)
    ]
