"""The loss of the two towers, corrected for how often each item text is among the negatives."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


def log_q_loss(
    users: Tensor,
    items: Tensor,
    log_expected: Tensor,
    text_ids: Tensor,
    temperature: float,
    weights: Tensor | None = None,
) -> Tensor:
    """Weighted mean over shoppers of the softmax cross-entropy, corrected for how often an item is drawn.

    users: [b, d] unit vectors. items: [c, d] unit vectors, c >= b; the first b are the positives, row by row, the
    others further negatives of every row. log_expected: [c], the logarithm of how often the item's text is expected
    among the columns, up to a constant. text_ids: [c], equal for items of equal text. weights: [b], None
    for equal ones.
    Logit of user i and item j: cos(i, j) / temperature - log_expected[j], formula (3) of Yi et al. 2019
    (Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations, RecSys): without the correction
    popular items, which are negatives more often, are pushed away. Other columns with the text of the positive are not
    negatives and are left out.
    """
    logits = users @ items.T / temperature - log_expected
    same = text_ids[: len(users), None] == text_ids[None, :]
    same.fill_diagonal_(False)
    losses = cross_entropy(
        logits.masked_fill(same, -math.inf), torch.arange(len(users), device=users.device), reduction="none"
    )
    return losses.mean() if weights is None else (losses * weights).sum() / weights.sum()


class HardNegatives:
    """Item texts of a positive's own category.

    text_ids: [n] the text of each pair; categories: [n] its category's code, -1 for none. pool_ids, pool_categories:
    [p] the texts that are drawn from, each once. `count` texts are drawn for a pair, without replacement, or as many
    as its category has.
    """

    def __init__(
        self,
        text_ids: np.ndarray,
        categories: np.ndarray,
        pool_ids: np.ndarray,
        pool_categories: np.ndarray,
        count: int,
    ) -> None:
        self._text_ids, self._categories, self._count = text_ids, categories, count
        self._pool = {int(code): pool_ids[pool_categories == code] for code in np.unique(pool_categories) if code >= 0}
        self._category_of = dict(zip(pool_ids.tolist(), pool_categories.tolist(), strict=True))

    def drawn(self, rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Text ids of the negatives of all rows, one after the other."""
        texts = [np.zeros(0, dtype=np.int64)]
        for row in rows:
            others = self._others(row)
            texts.append(random.choice(others, min(self._count, len(others)), replace=False))
        return np.concatenate(texts).astype(np.int64)

    def expected(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Expected number of times that each text of `columns` [c] is drawn for the rows; a row never draws its own."""
        expected = np.zeros(len(columns))
        category = np.array([self._category_of.get(text, -1) for text in columns.tolist()])
        for row in rows:
            others = len(self._others(row))
            if others:
                own = (category == self._categories[row]) & (columns != self._text_ids[row])
                expected[own] += min(self._count, others) / others
        return expected

    def _others(self, row: int) -> np.ndarray:
        pool = self._pool.get(int(self._categories[row]))
        return np.zeros(0, dtype=np.int64) if pool is None else pool[pool != self._text_ids[row]]
