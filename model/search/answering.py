"""The stored answer that fits a question, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from model.search.demand import coverage
from model.search.index import SearchIndex
from model.search.summed import SummedSearch

_CANDIDATES = 50


class BestAnswer(NamedTuple):
    """row: of the stored answers; score: 0 to 1, how well it fits"""

    row: int
    score: float


class AnswerIndex:
    """Stored questions with their answers, and which of them fits a question best."""

    def __init__(self, questions: Sequence[str], answers: Sequence[str], vectors: np.ndarray) -> None:
        """vectors: [n, d] unit vectors of the questions, by the encoder and with the prefix of queries"""
        texts = [f"{question} {answer}" for question, answer in zip(questions, answers, strict=True)]
        self._search = SummedSearch(SearchIndex(texts, vectors), _CANDIDATES)

    def best(self, text: str, vector: np.ndarray) -> BestAnswer | None:
        """The answer of the largest score; None where no stored text shares a word or the direction of the vector.

        The score is the mean of the cosine with the stored question and the share of the question's words, weighed by
        how rare they are, that question and answer have. Neither is a chance: nothing says which answers were right.
        """
        index = self._search.index
        rows = self._search.results(text, vector, _CANDIDATES).row
        if not len(rows):
            return None
        texts = [index.terms[row] for row in rows]
        share = coverage(index.query(text, vector).terms, texts, index.texts_with, len(index.terms)).share
        score = (np.clip(index.vectors[rows] @ vector, 0.0, 1.0) + share) / 2
        best = int(np.lexsort((rows, -score))[0])
        return BestAnswer(int(rows[best]), float(score[best]))
