"""Features of a query and an item, which the fusion reads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import sparse

from model.search.index import Query, Scores, SearchIndex
from model.search.queries import DIVIDERS, Term, grams, head

FEATURES = (
    # BM25 of words, as it is, by that of the best item, and by what a title with all terms could have.
    "words", "words_of_best", "words_of_possible",
    # The same of groups of characters.
    "grams", "grams_of_best", "grams_of_possible",
    "cosine", "cosine_below_best", "cosine_best", "projected", "projected_below_best", "projected_best",
    # The query's words that the title has: share of their idf and of their number; missing ones; the rarest one.
    "covered", "covered_share", "missing", "missing_idf", "rarest_idf", "has_rarest",
    # The title's word that is most alike, by characters, to each of the query's: mean by idf, and the least.
    "alike", "least_alike",
    "title_covered", "title_covered_share",
    "numbers", "numbers_found", "units_found", "numbers_differ",
    # The query's head in the title, the title's head in the query, and the title's first word, often a brand.
    "has_head", "head_alike", "head_place", "same_head", "title_head_alike", "title_head_idf", "first_word_alike",
    "first_place", "mean_place", "in_row", "first_words",
    "terms_of_query", "terms_of_title", "idf_of_query",
)  # fmt: skip
_GRAM = 3  # characters by which words are alike
_MOST_CELLS = 50_000_000  # of the likenesses that are kept for the words of the next queries


class _Entries(NamedTuple):
    """The terms of some titles: number of the title, column of the term and its place; where each title begins."""

    row: np.ndarray
    column: np.ndarray
    place: np.ndarray
    begins: np.ndarray


class PairFeatures:
    """Features of pairs of a query and items of an index."""

    def __init__(self, index: SearchIndex) -> None:
        self.index = index
        vocabulary: dict[str, int] = {}
        rows, columns, places = list[int](), list[int](), list[int]()
        for row, of_title in enumerate(index.terms):
            seen: set[int] = set()
            for place, text in _placed(of_title):
                column = vocabulary.setdefault(text, len(vocabulary))
                if column not in seen:
                    seen.add(column)
                    rows.append(row)
                    columns.append(column)
                    places.append(place + 1)
        self._vocabulary = vocabulary
        shape = (len(index.terms), max(len(vocabulary), 1))
        # The place of a term in its title, counted from 1; of a term that occurs twice the first.
        self._places = sparse.csr_matrix((np.array(places, dtype=np.float32), (rows, columns)), shape=shape)
        self._length = np.array([len(of_title) for of_title in index.terms], dtype=np.float32)
        texts = np.bincount(self._places.indices, minlength=shape[1])
        self._idf = np.log1p((shape[0] - texts + 0.5) / (texts + 0.5)).astype(np.float32)
        self._unknown_idf = float(np.log1p((shape[0] + 0.5) / 0.5))
        is_word = np.zeros(shape[1], dtype=bool)
        is_word[: len(vocabulary)] = [not text.startswith("#") and " " not in text for text in vocabulary]
        has_word = self._places.astype(bool).astype(np.float32)
        self._title_idf = np.asarray(has_word @ (self._idf * is_word)).ravel()
        self._head = np.array([self._column(head(of_title)) for of_title in index.terms], dtype=np.int64)
        self._first = np.array(
            [self._column(of_title[0].text if of_title else "") for of_title in index.terms], dtype=np.int64
        )
        self._gram_of: dict[str, int] = {}
        self._word_grams = self._grams_of(list(vocabulary), grow=True)
        self._alike = lru_cache(max(_MOST_CELLS // shape[1], 16))(self._alike_to)

    def __call__(self, query: Query, scores: Scores, rows: np.ndarray) -> np.ndarray:
        """[rows, FEATURES] float32.

        scores: of the query and these rows
        """
        if not len(rows):
            return np.zeros((0, len(FEATURES)), dtype=np.float32)
        of_query = [term for term in query.terms if term.text not in DIVIDERS] or list(query.terms)
        distinct = list(dict.fromkeys(term.text for term in of_query)) or [""]
        idf = np.array([self._idf_of(text) for text in distinct])
        entries = self._entries(rows)
        places = self._of_terms(entries, distinct)  # [rows, terms], 0 where the term is missing
        present = places > 0
        covered = present @ idf
        alike = self._most_alike(entries, distinct)
        words, of_grams, cosine, projected = (np.asarray(values, dtype=np.float64) for values in scores[:4])
        total = max(idf.sum(), 1e-6)
        rarest = int(idf.argmax())
        length = np.maximum(self._length[rows], 1)
        title_idf = np.maximum(self._title_idf[rows], 1e-6)
        numbers = self._numbers(of_query, entries)
        own_head = head(list(query.terms))
        head_place = self._of_terms(entries, [own_head])[:, 0]
        heads = self._head[rows]
        first_place = np.where(present.any(axis=1), np.where(present, places, np.inf).min(axis=1), 0)
        mean_place = (places * present).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
        columns = [
            words, words / max(scores.best[0], 1e-6), words / total,
            of_grams, of_grams / max(scores.best[1], 1e-6), of_grams / total,
            cosine, cosine - scores.best[2], np.full(len(rows), scores.best[2]),
            projected, projected - scores.best[3], np.full(len(rows), scores.best[3]),
            covered / total, present.mean(axis=1), (~present).sum(axis=1), np.where(present, 0, idf).max(axis=1),
            np.full(len(rows), idf[rarest]), present[:, rarest],
            alike @ idf / total, alike.min(axis=1),
            covered / title_idf, present.sum(axis=1) / length,
            *numbers,
            head_place > 0, self._most_alike(entries, [own_head])[:, 0], head_place / length,
            (heads >= 0) & (heads == self._column(own_head)),
            self._likeness_of(heads, distinct), np.where(heads >= 0, self._idf[np.maximum(heads, 0)], 0),
            self._likeness_of(self._first[rows], distinct),
            first_place / length, mean_place / length, self._in_row(places), np.isin(places, (1, 2)).sum(axis=1),
            np.full(len(rows), len(distinct)), length, np.full(len(rows), total),
        ]  # fmt: skip
        return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)

    def _column(self, text: str) -> int:
        return self._vocabulary.get(text, -1) if text else -1

    def _idf_of(self, text: str) -> float:
        column = self._column(text)
        return float(self._idf[column]) if column >= 0 else self._unknown_idf

    def _of_terms(self, entries: _Entries, texts: Sequence[str]) -> np.ndarray:
        """[rows, texts] the place of each text in the title, 0 where it is missing."""
        values = np.zeros((len(entries.begins), len(texts)), dtype=np.float32)
        for number, text in enumerate(texts):
            column = self._column(text)
            if column >= 0:
                is_term = entries.column == column
                values[entries.row[is_term], number] = entries.place[is_term]
        return values

    def _most_alike(self, entries: _Entries, texts: Sequence[str]) -> np.ndarray:
        """[rows, texts] the cosine of each text with the most alike word of the title, by groups of characters."""
        begins = entries.begins
        values = np.zeros((len(begins), len(texts)), dtype=np.float32)
        full = np.flatnonzero(np.diff([*begins, len(entries.row)]))
        if len(full):
            for number, text in enumerate(texts):
                if text:
                    values[full, number] = np.maximum.reduceat(self._alike(text)[entries.column], begins[full])
        return values

    def _entries(self, rows: np.ndarray) -> _Entries:
        starts = self._places.indptr
        counts = np.diff(starts)[rows]
        begins = np.cumsum(counts) - counts
        flat = np.repeat(starts[rows] - begins, counts) + np.arange(counts.sum())
        of_row = np.repeat(np.arange(len(rows)), counts)
        return _Entries(of_row, self._places.indices[flat], self._places.data[flat], begins)

    def _alike_to(self, text: str) -> np.ndarray:
        return np.asarray((self._word_grams @ self._grams_of([text]).T).todense(), dtype=np.float32).ravel()

    def _grams_of(self, texts: Sequence[str], grow: bool = False) -> sparse.csr_matrix:
        """[texts, grams] unit rows of the groups of characters of each text; none of the name of a unit."""
        rows, columns, values = list[int](), list[int](), list[float]()
        for row, text in enumerate(texts):
            own = set(grams([Term(text)], _GRAM)) if not text.startswith("#") else set()
            for gram in sorted(own):
                if grow:
                    self._gram_of.setdefault(gram, len(self._gram_of))
                if gram in self._gram_of:
                    rows.append(row)
                    columns.append(self._gram_of[gram])
                    values.append(len(own) ** -0.5)
        shape = (len(texts), max(len(self._gram_of), 1))
        return sparse.csr_matrix((np.array(values, dtype=np.float32), (rows, columns)), shape=shape)

    def _numbers(self, of_query: Sequence[Term], entries: _Entries) -> list[np.ndarray]:
        """Numbers of the query, the share of them in the title, with their unit, and units with another number."""
        numbers = [term for term in of_query if term.text[0].isdigit()]
        with_unit = [term for term in numbers if term.unit]
        none = np.zeros(len(entries.begins))
        count = np.full(len(entries.begins), len(numbers))
        if not numbers:
            return [none, none, none, none]
        in_title = self._of_terms(entries, [term.text for term in numbers]) > 0
        if not with_unit:
            return [count, in_title.mean(axis=1), none, none]
        exact = self._of_terms(entries, [f"{term.text} {term.unit}" for term in with_unit]) > 0
        unit = self._of_terms(entries, [f"#{term.unit}" for term in with_unit]) > 0
        differ = (unit & ~exact).mean(axis=1)
        return [count, in_title.mean(axis=1), exact.mean(axis=1), differ]

    def _likeness_of(self, columns: np.ndarray, distinct: Sequence[str]) -> np.ndarray:
        """[rows] the largest likeness of a word of the query with the word of each row."""
        if not self._vocabulary:
            return np.zeros(len(columns))
        likeness = np.stack([self._alike(text) for text in distinct]).max(axis=0)
        return np.where(columns >= 0, likeness[np.maximum(columns, 0)], 0)

    @staticmethod
    def _in_row(places: np.ndarray) -> np.ndarray:
        """[rows] share of the query's neighbouring words that are neighbours in the title."""
        if places.shape[1] < 2:
            return np.zeros(len(places))
        first, second = places[:, :-1], places[:, 1:]
        return ((first > 0) & (second - first == 1)).mean(axis=1)


def _placed(of_title: Sequence[Term]) -> list[tuple[int, str]]:
    """Words and numbers with their place, in addition numbers with their unit, and '#' with the unit."""
    return (
        [(place, term.text) for place, term in enumerate(of_title)]
        + [(place, f"{term.text} {term.unit}") for place, term in enumerate(of_title) if term.unit]
        + [(place, f"#{term.unit}") for place, term in enumerate(of_title) if term.unit]
    )
