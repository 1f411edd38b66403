"""The index of item texts: BM25 of words, BM25 of groups of characters, and vectors."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import bm25s
import numpy as np

from model.search.queries import Term, grams, index_terms, terms
from model.search.spelling import Spelling

K1, B = 1.2, 0.75

# It logs each index that it builds, whatever the level of the root logger.
logging.getLogger("bm25s").setLevel(logging.WARNING)


class TermIndex:
    """BM25 (Robertson and Walker 1994, with Lucene's idf) of texts that are lists of terms, by bm25s (Lù 2024)."""

    def __init__(self, texts: Sequence[list[str]], k1: float = K1, b: float = B) -> None:
        self.count = len(texts)
        self._bm25 = bm25s.BM25(k1=k1, b=b, method="lucene")
        if any(texts):
            self._bm25.index(list(texts), show_progress=False)
        self._known: dict[str, int] = getattr(self._bm25, "vocab_dict", {})

    def scores(self, of_query: list[str]) -> np.ndarray:
        """[n] float32 of all texts; 0 where none of the query's terms is in the text."""
        known = [term for term in dict.fromkeys(of_query) if term in self._known]
        return self._bm25.get_scores(known) if known else np.zeros(self.count, dtype=np.float32)


@dataclass(frozen=True)
class Query:
    """A query as the index reads it: its terms after spelling, and its unit vector [d]."""

    terms: tuple[Term, ...]
    vector: np.ndarray


class Scores(NamedTuple):
    """Of one query the scores of some items, and the best score that any item has for it."""

    words: np.ndarray
    grams: np.ndarray
    cosine: np.ndarray  # of the encoder's vectors
    projected: np.ndarray  # of these moved by a projection
    best: tuple[float, float, float, float]  # in the order of the others

    def of(self, rows: np.ndarray) -> Scores:
        """The scores of some of the items."""
        return Scores(self.words[rows], self.grams[rows], self.cosine[rows], self.projected[rows], self.best)


class SearchIndex:
    """Items by their titles' terms and vectors."""

    def __init__(self, titles: Sequence[str], vectors: np.ndarray) -> None:
        """titles: plain texts; vectors: [n, d] unit vectors of the items' texts by the encoder that embeds queries."""
        if len(titles) != len(vectors):
            raise ValueError(f"There are {len(titles)} titles and {len(vectors)} vectors. Give one vector for each.")
        self.terms = [terms(title) for title in titles]
        self.vectors = vectors
        self.words = TermIndex([index_terms(of_title) for of_title in self.terms])
        self.grams = TermIndex([grams(of_title) for of_title in self.terms])

    @cached_property
    def texts_with(self) -> Counter[str]:
        """The number of titles with each word."""
        return Counter(word for of_text in self.terms for word in {term.text for term in of_text})

    @cached_property
    def spelling(self) -> Spelling:
        """Corrects words by those of the titles."""
        return Spelling(self.texts_with)

    def query(self, text: str, vector: np.ndarray) -> Query:
        """The query with words that no title has replaced by the likely ones."""
        return Query(tuple(self.spelling.corrected(terms(text))), vector)

    def all_scores(self, query: Query, projected: np.ndarray, cosine: np.ndarray | None = None) -> Scores:
        """Scores of all items; `projected` [n] is their cosine with the query after a projection.

        cosine: [n] of the encoder's vectors, where it is computed already
        """
        words = self.words.scores(index_terms(list(query.terms)))
        of_grams = self.grams.scores(grams(list(query.terms)))
        if cosine is None:
            cosine = self.vectors @ query.vector
        best = [float(values.max(initial=0.0)) for values in (words, of_grams, cosine, projected)]
        return Scores(words, of_grams, cosine, projected, (best[0], best[1], best[2], best[3]))

    @staticmethod
    def candidates(scores: Scores, most: int) -> np.ndarray:
        """Rows of the `most` best items by each score, in ascending order; items with a score of 0 are none."""
        parts = []
        for values in (scores.words, scores.grams, scores.cosine, scores.projected):
            size = min(most, len(values))
            rows = np.argpartition(-values, size - 1)[:size] if size else np.zeros(0, dtype=np.int64)
            parts.append(rows[values[rows] > 0])
        return np.unique(np.concatenate(parts))
