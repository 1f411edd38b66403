"""Scores of a channel, stored once for all items that share them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ChannelScores:
    """Scores of one channel for b shoppers and n eligible items: item i has values[:, column[i]].

    Where many items share a score, as those of one product type do, it is computed and weighted once for all of them.
    `column` is None where every item has a column of its own, and `values` has one row where all shoppers share it.
    """

    values: np.ndarray  # [b or 1, c] float32
    column: np.ndarray | None = None  # [n] int, in [0, c)

    @property
    def shape(self) -> tuple[int, int]:
        """(b or 1, n)."""
        return len(self.values), self.values.shape[1] if self.column is None else len(self.column)

    def at(self, rows: np.ndarray, items: np.ndarray) -> np.ndarray:
        """[pairs] scores of single pairs of shopper and eligible item."""
        columns = items if self.column is None else self.column[items]
        return self.values[rows if len(self.values) > 1 else 0, columns]


def pick(scores: Sequence[ChannelScores], rows: np.ndarray, items: np.ndarray) -> np.ndarray:
    """[k, pairs] the scores of single pairs of shopper and eligible item."""
    return np.stack([score.at(rows, items) for score in scores])
