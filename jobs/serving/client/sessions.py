"""The order of a list within a session, by the neighbours of what the shopper just viewed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .answers import RankedItem, Row
from .names import ITEM_NEIGHBOURS_VIEW

MOST_RECENT = 10  # items that count, the newest ones
_DECAY = 0.8  # weight of an item against that of the one after it


@dataclass(frozen=True)
class Neighbours:
    """Of one item: how many times more often sessions with it hold another item than other sessions do.

    lifts: by item; rest: of every item that is not among them
    """

    lifts: Mapping[str, float]
    rest: float


def newest_different(recent: Sequence[str]) -> list[str]:
    """The newest items, each once, at most MOST_RECENT."""
    return list(dict.fromkeys(recent))[:MOST_RECENT]


def neighbours_of(rows: Iterable[Row]) -> dict[str, Neighbours]:
    """Neighbours by item, of the rows that have any. Raises KeyError for a missing field."""
    prefix = f"{ITEM_NEIGHBOURS_VIEW}__"
    by_item = {}
    for row in rows:
        ids, lifts, rest = (row[f"{prefix}{name}"] for name in ("neighbour_ids", "lifts", "rest_lift"))
        if ids is not None:
            by_item[row["item_id"]] = Neighbours(dict(zip(ids, lifts, strict=True)), rest)
    return by_item


def session_lifts(items: Iterable[str], recent: Sequence[str], known: Mapping[str, Neighbours]) -> dict[str, float]:
    """Of each item the mean lift by the recent items, newest first, of which an earlier one counts less.

    An item says nothing about itself. Items that no recent one says anything about are left out.
    """
    weights = [(item, _DECAY**place, known[item]) for place, item in enumerate(recent) if item in known]
    lifts = {}
    for item in items:
        others = [(weight, of.lifts.get(item, of.rest)) for name, weight, of in weights if name != item]
        if others:
            lifts[item] = sum(weight * lift for weight, lift in others) / sum(weight for weight, _ in others)
    return lifts


def with_lifts(items: Iterable[RankedItem], lifts: Mapping[str, float]) -> list[RankedItem]:
    """The items with their value multiplied by its lift; the boost, a price of the plan, stays."""
    return [replace(i, score=(i.score - i.boost) * lifts.get(i.item_id, 1.0) + i.boost) for i in items]
