"""Items that were graded for queries, from which search learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class GradedPairs:
    """Items that were graded for queries.

    `texts` and `vectors` [q, d] are of the queries; `query`, `row` and `grade` [n] are of the pairs: the number of the
    query, the row of the item in the index and how good an answer it is.
    """

    texts: Sequence[str]
    vectors: np.ndarray
    query: np.ndarray
    row: np.ndarray
    grade: np.ndarray

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.vectors) or not len(self.query) == len(self.row) == len(self.grade):
            raise ValueError("Graded pairs need one vector for each query, and query, row and grade for each pair.")

    def by_query(self) -> list[np.ndarray]:
        """Of each query the places of its pairs."""
        order = np.argsort(self.query, kind="stable")
        bounds = np.searchsorted(self.query[order], np.arange(1, len(self.texts)))
        return np.split(order, bounds) if self.texts else []

    def of(self, chosen: np.ndarray) -> GradedPairs:
        """The pairs of some queries, which keep their numbers; `chosen` [q] bool."""
        own = chosen[self.query]
        return GradedPairs(self.texts, self.vectors, self.query[own], self.row[own], self.grade[own])
