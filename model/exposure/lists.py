"""The integral lists while they are filled: pairs by user and rank, and the exposure of every item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.exposure.problem import Problem
from model.sums import dot

_PAIRS_AT_ONCE = 131_072


@dataclass
class Lists:
    """pair: int (users, slots), pairs of a list by rank, -1 after its end, ordered by falling score.

    price, score: float64 (pairs), at which they are listed; score = value - price
    """

    problem: Problem
    price: np.ndarray
    score: np.ndarray
    pair: np.ndarray

    @property
    def length(self) -> np.ndarray:
        """int (users)."""
        return (self.pair >= 0).sum(axis=1)

    @property
    def listed(self) -> np.ndarray:
        """bool (pairs)."""
        listed = np.zeros(len(self.problem.item_index), dtype=bool)
        listed[self.pair[self.pair >= 0]] = True
        return listed

    def delivered(self) -> np.ndarray:
        """float64 (items): expected delivered exposure, visits times position weight."""
        user, rank = np.nonzero(self.pair >= 0)
        weight = self.problem.visits[user] * self.problem.position_weights[rank]
        return np.bincount(self.problem.item_index[self.pair[user, rank]], weight, minlength=self.problem.items)

    def value(self) -> float:
        """Σ value x exposure: expected responses, in units of value."""
        user, rank = np.nonzero(self.pair >= 0)
        weight = self.problem.visits[user] * self.problem.position_weights[rank]
        return dot(weight, self.problem.value[self.pair[user, rank]])

    def items(self, users: np.ndarray) -> np.ndarray:
        """int (len(users), slots): items of these users' lists by rank, -1 where a slot is empty."""
        pair = self.pair[users]
        items = np.full(pair.shape, -1, dtype=np.int64)
        items[pair >= 0] = self.problem.item_index[pair[pair >= 0]]
        return items

    def remaining(self, pair: np.ndarray) -> np.ndarray:
        """int32 (rules, pairs): how many more items of the group of a pair's item the list of its user may take."""
        parts = [self._remaining(pair[begin : begin + _PAIRS_AT_ONCE]) for begin in range(0, len(pair), _PAIRS_AT_ONCE)]
        return np.concatenate([*parts, self._remaining(pair[:0])], axis=1)

    def _remaining(self, pair: np.ndarray) -> np.ndarray:
        problem = self.problem
        return problem.list_rules.remaining(self.items(problem.user_index[pair]), problem.item_index[pair])
