"""What shoppers of a browsing world did, as the store sees it; each kind of event can be left out or made noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

VIEW, CART, FAVOURITE, PURCHASE, RETURN, LOW_RATING, SEARCH = KINDS = (
    "view", "cart", "favourite", "purchase", "return", "low_rating", "search",
)  # fmt: skip


@dataclass(frozen=True)
class Events:
    """Events of one kind in the order of time, arrays of one length.

    visitor: int, a device; item: int, the item, of a search the row of `EventLog.queries`; time: float64, in days
    """

    visitor: np.ndarray
    item: np.ndarray
    time: np.ndarray

    def __len__(self) -> int:
        return len(self.time)

    def where(self, chosen: np.ndarray) -> Events:
        """The events at these places, or where `chosen` is true."""
        return Events(self.visitor[chosen], self.item[chosen], self.time[chosen])

    @classmethod
    def of(cls, visitor: np.ndarray, item: np.ndarray, time: np.ndarray) -> Events:
        """From rows in any order."""
        order = np.lexsort((item, visitor, time))
        return cls(visitor[order].astype(np.int64), item[order].astype(np.int64), time[order].astype(np.float64))


@dataclass(frozen=True)
class EventLog:
    """events: by kind, those of KINDS
    owner: int (visitors), the shopper of each device; identified: float64 (visitors), the day from which the store
    knows the owner, infinite if never
    queries: the distinct texts of searches
    """

    events: Mapping[str, Events]
    owner: np.ndarray
    identified: np.ndarray
    queries: tuple[str, ...]

    def known_user(self, kind: str, as_of: float) -> np.ndarray:
        """int (events): the shopper of each event, -1 where the store does not know the visitor before `as_of`."""
        visitor = self.events[kind].visitor
        return np.where(self.identified[visitor] < as_of, self.owner[visitor], -1)

    def anonymous(self, kind: str) -> np.ndarray:
        """bool (events): the visitor was unknown at the time of the event, whether identified later or never."""
        events = self.events[kind]
        return events.time < self.identified[events.visitor]

    def with_events(self, kind: str, events: Events) -> EventLog:
        """The log with other events of one kind."""
        return replace(self, events={**self.events, kind: events})

    def without(self, kind: str, chosen: np.ndarray | None = None) -> EventLog:
        """The log without the events of a kind, or without those where `chosen` is true."""
        events = self.events[kind]
        drop = np.ones(len(events), dtype=bool) if chosen is None else chosen
        return self.with_events(kind, events.where(~drop))

    def with_noise(self, kind: str, arrives: np.ndarray, seed: int, chosen: np.ndarray | None = None) -> EventLog:
        """The log where the events of a kind, or those where `chosen` is true, are of random items.

        Visitors and times stay, so volume, activity and identities do; each item is drawn uniformly from those that had
        arrived, each search from all queries.

        arrives: float64 (items), day from which each item can be viewed
        """
        events, random = self.events[kind], np.random.default_rng([seed, KINDS.index(kind)])
        if kind == SEARCH:
            drawn = random.integers(max(len(self.queries), 1), size=len(events))
        else:
            by_arrival = np.argsort(arrives, kind="stable")
            arrived = np.searchsorted(arrives[by_arrival], events.time, side="right")
            drawn = by_arrival[(random.random(len(events)) * arrived).astype(np.int64)]
        item = drawn if chosen is None else np.where(chosen, drawn, events.item)
        return self.with_events(kind, Events.of(events.visitor, item, events.time))
