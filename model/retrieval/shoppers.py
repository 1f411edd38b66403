"""A block of shoppers as arrays: what each bought, when and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Shoppers:
    """b shoppers with their purchases as ragged arrays: those of shopper u are [start[u], start[u + 1]), newest first.

    `item` are rows of the catalogue's known items, `days_ago` days before the date, `store` rows of its stores or -1.
    `als` are factors [b, k], zero for a shopper without any; `text` are embeddings [b, d] of the shoppers' texts.
    """

    user_ids: np.ndarray  # [b] str
    start: np.ndarray  # [b + 1] int64
    item: np.ndarray  # int32
    days_ago: np.ndarray  # float32
    store: np.ndarray  # int32
    als: np.ndarray  # [b, k] float32
    text: np.ndarray  # [b, d] float32

    def __len__(self) -> int:
        return len(self.user_ids)

    def take(self, users: np.ndarray) -> Shoppers:
        """The shoppers at these positions, in this order."""
        count = np.diff(self.start)[users]
        start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        place = np.repeat(self.start[users] - start[:-1], count) + np.arange(start[-1])
        return Shoppers(
            self.user_ids[users], start, self.item[place], self.days_ago[place], self.store[place], self.als[users],
            self.text[users],
        )  # fmt: skip

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
