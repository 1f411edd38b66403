"""A block of shoppers as arrays: what each bought, when and where, and what each did before buying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

PURCHASE = "purchase"


@dataclass(frozen=True)
class EventLines:
    """Events of one type of b shoppers as ragged arrays, in the layout of the purchases of `Shoppers`, newest first.

    `item` are rows of the catalogue's known items, of searches rows of its queries; `weight` counts each line so often,
    None once.
    """

    start: np.ndarray  # [b + 1] int64
    item: np.ndarray  # int32
    days_ago: np.ndarray  # float32
    weight: np.ndarray | None = None  # float32

    def take(self, users: np.ndarray) -> EventLines:
        """The events of the shoppers at these positions, in this order."""
        start, place = _taken(self.start, users)
        weight = None if self.weight is None else self.weight[place]
        return EventLines(start, self.item[place], self.days_ago[place], weight)


def _taken(start: np.ndarray, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bounds of the chosen shoppers' lines, and the places of these lines."""
    count = np.diff(start)[users]
    taken = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return taken, np.repeat(start[users] - taken[:-1], count) + np.arange(taken[-1])


@dataclass(frozen=True)
class Shoppers:
    """b shoppers with their purchases as ragged arrays: those of shopper u are [start[u], start[u + 1]), newest first.

    `item` are rows of the catalogue's known items, `days_ago` days before the date, `store` rows of its stores or -1.
    `als` are factors [b, k], zero for a shopper without any; `text` are embeddings [b, d] of the shoppers' texts.
    `events` holds the lines of further event types; `weight` counts each line so often, None once.
    """

    user_ids: np.ndarray  # [b] str
    start: np.ndarray  # [b + 1] int64
    item: np.ndarray  # int32
    days_ago: np.ndarray  # float32
    store: np.ndarray  # int32
    als: np.ndarray  # [b, k] float32
    text: np.ndarray  # [b, d] float32
    events: Mapping[str, EventLines] = field(default_factory=dict)
    weight: np.ndarray | None = None  # float32

    def __len__(self) -> int:
        return len(self.user_ids)

    def take(self, users: np.ndarray) -> Shoppers:
        """The shoppers at these positions, in this order."""
        start, place = _taken(self.start, users)
        return Shoppers(
            self.user_ids[users], start, self.item[place], self.days_ago[place], self.store[place], self.als[users],
            self.text[users], {name: lines.take(users) for name, lines in self.events.items()},
            None if self.weight is None else self.weight[place],
        )  # fmt: skip

    def of(self, event_type: str) -> Shoppers:
        """The same shoppers with the events of a type in the place of their purchases, without stores.

        A channel of purchases then scores these events. Raises KeyError when the block does not have the type.
        """
        if event_type == PURCHASE:
            return self
        lines = self.events[event_type]
        nowhere = np.full(len(lines.item), -1, dtype=np.int32)
        return replace(
            self, start=lines.start, item=lines.item, days_ago=lines.days_ago, store=nowhere, weight=lines.weight
        )

    @property
    def row(self) -> np.ndarray:
        """The shopper of each purchase."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    def first_purchases(self) -> np.ndarray:
        """Places of the oldest purchase of each item by each shopper."""
        pair = self.row * (self.item.max(initial=0) + 1) + self.item
        _, newest_of_reversed = np.unique(pair[::-1], return_index=True)
        return np.sort(len(pair) - 1 - newest_of_reversed)

    def counts(self, code: np.ndarray, width: int, half_life_days: float | None) -> sparse.csr_matrix:
        """[b, width] purchases by code, each halved every `half_life_days`; codes of 0 and below are left out."""
        weight = np.ones(len(self.item)) if half_life_days is None else 0.5 ** (self.days_ago / half_life_days)
        if self.weight is not None:
            weight = weight * self.weight
        known = code > 0
        return sparse.csr_matrix(
            (weight[known].astype(np.float32), (self.row[known], code[known])), shape=(len(self), width)
        )

    def last_days(self, code: np.ndarray, width: int, never: float) -> np.ndarray:
        """[b, width] days since the last purchase of each code, `never` where there is none."""
        days = np.full((len(self), width), never, dtype=np.float32)
        np.minimum.at(days, (self.row, code), self.days_ago)
        return days

    def store_shares(self, stores: int) -> sparse.csr_matrix:
        """[b, stores] share of the purchases in each store, halved every 60 days."""
        weight = np.where(self.store >= 0, 0.5 ** (self.days_ago / 60.0), 0.0)
        shape = (len(self), stores)
        known = self.store >= 0
        sums = sparse.csr_matrix((weight[known], (self.row[known], self.store[known])), shape=shape)
        total = np.asarray(sums.sum(axis=1)).ravel()
        return (sparse.diags(1.0 / np.maximum(total, 1e-9)) @ sums).tocsr().astype(np.float32)

    def bought(self, items: int) -> sparse.csr_matrix:
        """[b, items] one where the shopper bought the known item."""
        ones = np.ones(len(self.item), dtype=np.float32)
        matrix = sparse.csr_matrix((ones, (self.row, self.item)), shape=(len(self), items))
        matrix.data[:] = 1.0
        return matrix
