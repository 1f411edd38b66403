"""Items for a query: candidates by each score, the likely answers among them, and these in the order of their grade."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from model.search.fusion import ANSWER, GRADE, Fusion, FusionSettings
from model.search.graded_pairs import GradedPairs
from model.search.index import Query, Scores, SearchIndex
from model.search.pair_features import PairFeatures
from model.search.projection import Projection, ProjectionSettings, fit_projection

ANSWERS_FILE, GRADES_FILE, PROJECTION_FILE = "answers.txt", "grades.txt", "projection.npz"
_FOLDS = 2
_BLOCK = 64  # queries whose cosines are computed at once


@dataclass(frozen=True)
class SearchSettings:
    """`good` is the least grade of an answer. `most` candidates by each score are read. Which candidates are answers is
    learnt from `queries` of the queries, the first by their order."""

    good: float
    most: int = 200
    queries: int = 2_000
    grades: FusionSettings = field(default_factory=FusionSettings)
    answers: FusionSettings = field(default_factory=FusionSettings)
    projection: ProjectionSettings = field(default_factory=ProjectionSettings)


class Results(NamedTuple):
    """Rows of items in the index, the best first, with the log-odds that each is an answer and its expected grade."""

    row: np.ndarray
    answer: np.ndarray
    grade: np.ndarray


class Search:
    """An index and two fusions: one retrieves the likely answers, the other orders them (Liu 2009, section 1.3)."""

    def __init__(
        self, index: SearchIndex, projection: Projection, answers: Fusion, grades: Fusion, most: int,
        features: PairFeatures | None = None,
    ) -> None:  # fmt: skip
        """most: candidates by each score; features: of the same index, where they exist already"""
        self.index, self.features = index, features or PairFeatures(index)
        self.projection, self.answers, self.grades, self.most = projection, answers, grades, most
        self._projected = projection.of_items(index.vectors)

    def results(self, text: str, vector: np.ndarray, count: int) -> Results:
        """At most `count` items; none if no score of any item is above 0."""
        return self.ranked(*self.scores(text, vector), count)

    def ranked(self, query: Query, scores: Scores, count: int) -> Results:
        """`results` of a query whose scores are computed already."""
        rows = self.index.candidates(scores, self.most)
        features = self.features(query, scores.of(rows), rows)
        answer = self.answers.predict(features)
        best = np.lexsort((rows, -answer))[:count]
        grade = self.grades.predict(features[best])
        order = np.lexsort((rows[best], -grade))
        return Results(rows[best][order], answer[best][order], grade[order])

    def grade(self, text: str, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """[rows] expected grades of items for a query."""
        return self.graded(*self.scores(text, vector), rows)

    def graded(self, query: Query, scores: Scores, rows: np.ndarray) -> np.ndarray:
        """`grade` of a query whose scores are computed already."""
        return self.grades.predict(self.features(query, scores.of(rows), rows))

    def scores(self, text: str, vector: np.ndarray) -> tuple[Query, Scores]:
        """The query with its corrected terms, and the scores of all items; `vector` [d] is the encoder's."""
        query = self.index.query(text, vector)
        return query, self.index.all_scores(query, self._projected @ self.projection.of_queries(vector[None])[0])

    def save(self, folder: Path) -> None:
        """Writes projection and fusions; the index is built from texts and vectors."""
        folder.mkdir(parents=True, exist_ok=True)
        self.projection.save(folder / PROJECTION_FILE)
        self.answers.save(folder / ANSWERS_FILE)
        self.grades.save(folder / GRADES_FILE)

    @classmethod
    def load(cls, folder: Path, index: SearchIndex, most: int) -> Search:
        """What `save` wrote, for an index. Raises ValueError when a file is missing or damaged."""
        fusions = Fusion.load(folder / ANSWERS_FILE), Fusion.load(folder / GRADES_FILE)
        return cls(index, Projection.load(folder / PROJECTION_FILE), *fusions, most)


def fit_search(index: SearchIndex, pairs: GradedPairs, settings: SearchSettings) -> Search:
    """Fits projection and fusions on graded pairs.

    The fusions read scores of a projection that did not learn from the query (cross-fitting); the one that serves
    learnt from all. Grades are learnt from the graded pairs alone, since an item that was not graded may be an answer.
    What is an answer is learnt from all candidates of a query: an item that was not graded counts as none.
    """
    features = PairFeatures(index)
    fold = np.arange(len(pairs.texts)) % _FOLDS
    by_query = pairs.by_query()
    graded, grades, found, answers = [], [], [], []
    for number in range(_FOLDS):
        projection = fit_projection(pairs.of(fold != number), index.vectors, settings.good, settings.projection)
        projected = projection.of_items(index.vectors)
        queries = projection.of_queries(pairs.vectors)
        own = np.flatnonzero((fold == number) & np.array([len(places) > 0 for places in by_query]))
        cosines = _cosines(index.vectors, pairs.vectors[own], projected, queries[own])
        for place, (cosine, moved) in zip(own.tolist(), cosines, strict=True):
            rows, grade = pairs.row[by_query[place]], pairs.grade[by_query[place]]
            query = index.query(pairs.texts[place], pairs.vectors[place])
            scores = index.all_scores(query, moved, cosine)
            graded.append(features(query, scores.of(rows), rows))
            grades.append(grade)
            good = rows[grade >= settings.good]
            if place < settings.queries and len(good):
                candidates = index.candidates(scores, settings.most)
                found.append(features(query, scores.of(candidates), candidates))
                answers.append(np.isin(candidates, good))
    if not answers or not np.concatenate(answers).any():
        raise ValueError(f"No candidate of any query has a grade of {settings.good}. Give more graded pairs.")
    return Search(
        index,
        fit_projection(pairs, index.vectors, settings.good, settings.projection),
        Fusion.fit(np.concatenate(found), np.concatenate(answers).astype(np.float64), ANSWER, settings.answers),
        Fusion.fit(np.concatenate(graded), np.concatenate(grades).astype(np.float64), GRADE, settings.grades),
        settings.most,
        features,
    )


def _cosines(
    items: np.ndarray, queries: np.ndarray, moved_items: np.ndarray, moved_queries: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each query the cosines with all items, before and after a projection.

    A block of queries at once is many times faster than one after the other.
    """
    for start in range(0, len(queries), _BLOCK):
        block = slice(start, start + _BLOCK)
        yield from zip(queries[block] @ items.T, moved_queries[block] @ moved_items.T, strict=True)
