"""Items in the order in which shoppers met them: the input of everything learnt from sequences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Histories:
    """u shoppers with distinct items, oldest first, as ragged arrays: those of shopper u are [start[u], start[u + 1]).

    `item` are rows of m known items.
    """

    start: np.ndarray  # [u + 1] int64
    item: np.ndarray  # int32
    items: int  # m

    @classmethod
    def of(cls, user: np.ndarray, item: np.ndarray, order: np.ndarray, items: int, last: int) -> Histories:
        """From rows of (shopper, item, order) in any order; `order` grows with time.

        An item that a shopper met again counts at its last time. Each shopper keeps the `last` newest items, which
        bounds the pairs of items by shoppers * last²; items of the same time keep the order of the rows.
        """
        by_time = np.lexsort((order, user))
        user, item = user[by_time], item[by_time]
        # Reversed, the first of each (user, item) is its last time.
        _, newest = np.unique((user.astype(np.int64) * items + item)[::-1], return_index=True)
        last_times = np.sort(len(user) - 1 - newest)
        user, item = user[last_times], item[last_times]
        _, count = np.unique(user, return_counts=True)
        back = np.repeat(np.cumsum(count), count) - 1 - np.arange(len(user))
        user, item = user[back < last], item[back < last]
        start = np.concatenate([[0], np.cumsum(np.minimum(count, last))]).astype(np.int64)
        return cls(start, item.astype(np.int32), items)

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def row(self) -> np.ndarray:
        """The shopper of each item."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    def counts(self) -> np.ndarray:
        """[m] shoppers of each item."""
        return np.bincount(self.item, minlength=self.items).astype(np.float32)

    def matrix(self, weight: np.ndarray | None = None) -> sparse.csr_matrix:
        """[u, m] `weight` of the shopper, or one, where the shopper met the item."""
        data = np.ones(len(self.item), dtype=np.float32) if weight is None else weight[self.row].astype(np.float32)
        return sparse.csr_matrix((data, self.item, self.start), shape=(len(self), self.items))
