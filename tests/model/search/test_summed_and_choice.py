"""The sum of two scores, when a learnt order takes its place, and what the items found say of the demand."""

from __future__ import annotations

import numpy as np

from model.search.choice import choose_search
from model.search.demand import closest
from model.search.fusion import FusionSettings
from model.search.graded_pairs import GradedPairs
from model.search.index import SearchIndex
from model.search.projection import ProjectionSettings
from model.search.queries import terms
from model.search.search import Search, SearchSettings
from model.search.summed import SummedSearch

TITLES = ["red ladder", "green ladder", "red lamp", "green lamp"]
TREES = FusionSettings(rounds=20, leaves=4, leaf_rows=2)
SETTINGS = SearchSettings(good=2.0, most=4, grades=TREES, answers=TREES, projection=ProjectionSettings(epochs=1))


def index() -> SearchIndex:
    return SearchIndex(TITLES, np.eye(4, dtype=np.float32))


def test_the_sum_ranks_by_words_and_direction() -> None:
    search = SummedSearch(index(), most=4)
    vector = np.array([0.0, 1.0, 0.0, 0.0], dtype=np.float32)
    results = search.results("green ladders", vector, 2)
    assert results.row[0] == 1
    assert (np.diff(results.grade) <= 0).all()
    assert search.grade("green ladders", vector, np.array([3, 1])).argmax() == 1
    assert (
        SummedSearch(SearchIndex(["ladder"], np.eye(1, dtype=np.float32)), 4).grade(
            "ladder", np.ones(1, dtype=np.float32), np.array([0])
        )
        < 10
    )  # a single item has no spread to divide by
    nothing = search.results("xyz", np.zeros(4, dtype=np.float32), 2)
    assert len(nothing.row) == 0


def pairs(grade: np.ndarray) -> GradedPairs:
    """Forty queries of a colour, each with all four items; grade: [4]"""
    texts = [f"red {chr(97 + first)}{chr(97 + second)}" for first in range(8) for second in range(5)]
    count = len(texts)
    vectors = np.full((count, 4), 0.5, dtype=np.float32)
    return GradedPairs(
        texts, vectors, np.repeat(np.arange(count), 4), np.tile(np.arange(4), count), np.tile(grade, count)
    )


def test_an_order_is_learnt_where_it_beats_the_sum() -> None:
    # The sum puts what is red first; shoppers chose what is green.
    chosen = choose_search(index(), pairs(np.array([1.0, 3.0, 1.0, 2.0])), SETTINGS, least=20)
    assert isinstance(chosen.search, Search)
    assert chosen.learnt is not None
    assert chosen.summed is not None
    assert chosen.learnt > chosen.summed


def test_the_sum_stays_where_it_is_as_good_or_too_little_is_known() -> None:
    graded = pairs(np.array([3.0, 1.0, 3.0, 1.0]))
    as_good = choose_search(index(), graded, SETTINGS, least=20)
    assert isinstance(as_good.search, SummedSearch)
    assert as_good.learnt == as_good.summed == 1.0
    few = choose_search(index(), graded, SETTINGS, least=41)
    assert (few.learnt, few.reason) == (None, "40 queries have answers to learn from, and 41 are needed")
    alike = choose_search(index(), pairs(np.full(4, 3.0)), SETTINGS, least=1)
    assert alike.reason == "0 queries have answers to learn from, and 1 are needed"


def test_the_closest_item_lacks_the_fewest_words() -> None:
    own = index()
    items = [own.terms[row] for row in (1, 2)]
    best = closest(tuple(terms("red ladder for stairs")), items, own.texts_with, len(TITLES))
    assert best.missing == ("red", "stair")
    assert 0 < best.share < 0.5
    assert closest(tuple(terms("red ladder")), [own.terms[0]], own.texts_with, len(TITLES)).share == 1.0
    assert closest(tuple(terms("red")), [], own.texts_with, len(TITLES)) == (0.0, ("red",))
