"""What one language has to say about the entries of a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from model.fusion.causes import LOW


class Cause(NamedTuple):
    """What a term of the model says of an item when it is high, and when it is low, among those of the shopper."""

    high: str
    low: str


@dataclass(frozen=True)
class Phrases:
    """All phrases of one language; callers fill in `{group}`, `{title}`, `{owner}` and `{day}`.

    causes: by the names that `relevance.top_reasons` uses: channels of the first stage and item features
    no_cause: of a relevance that no single cause explains
    shared_list: of an entry of a shared list; such entries are recognised by it, so that no other reason may equal it
    Every other phrase follows the cause and says which constraint moved the entry.
    """

    causes: Mapping[str, Cause]
    no_cause: str
    shared_list: str
    raised_by_group_floor: str
    raised_by_item_floor: str
    raised_as_new: str
    held_by_group_cap: str
    held_by_item_cap: str
    held_by_stock: str
    swapped_in_for_group: str
    in_place_of: str
    explored: str
    pinned: str
    pinned_until: str
    banned: str
    banned_until: str

    def cause(self, name: str | None) -> str:
        """The phrase of a cause as `top_reasons` names it; `no_cause` for none and for a name of another version."""
        if not name:
            return self.no_cause
        cause = self.causes.get(name.removeprefix(LOW))
        if cause is None:
            return self.no_cause
        return cause.low if name.startswith(LOW) else cause.high
