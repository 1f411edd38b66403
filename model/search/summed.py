"""The order of items by the sum of two scores, where no order was learnt."""

from __future__ import annotations

import numpy as np

from model.search.index import Scores, SearchIndex
from model.search.search import Results

_LEAST_SPREAD = 1e-6  # of a score; a smaller one is rounding error, and dividing by it would drown the other score


class SummedSearch:
    """BM25 of words plus the encoder's cosine, each divided by its standard deviation over the items compared."""

    def __init__(self, index: SearchIndex, most: int) -> None:
        """most: candidates by each score"""
        self.index, self.most = index, most

    def results(self, text: str, vector: np.ndarray, count: int) -> Results:
        """At most `count` of the candidates, the best first; answer and grade are the sum."""
        scores = self._scores(text, vector)
        rows = self.index.candidates(scores, self.most)
        total = _total(scores.of(rows))
        best = np.lexsort((rows, -total))[:count]
        return Results(rows[best], total[best], total[best])

    def grade(self, text: str, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """[rows] the sums of some items for a query."""
        return _total(self._scores(text, vector).of(rows))

    def _scores(self, text: str, vector: np.ndarray) -> Scores:
        cosine = self.index.vectors @ vector
        return self.index.all_scores(self.index.query(text, vector), cosine, cosine)


def _total(scores: Scores) -> np.ndarray:
    return _scaled(scores.words) + _scaled(scores.cosine)


def _scaled(values: np.ndarray) -> np.ndarray:
    exact = values.astype(np.float64)
    spread = float(exact.std()) if len(exact) else 0.0
    return exact / spread if spread > _LEAST_SPREAD else exact
