"""The index, the features of pairs and the fused search."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from model.search.fusion import ANSWER, Fusion, FusionSettings
from model.search.graded_pairs import GradedPairs
from model.search.index import Query, Scores, SearchIndex, TermIndex
from model.search.pair_features import FEATURES, PairFeatures
from model.search.search import ANSWERS_FILE, GRADES_FILE, PROJECTION_FILE, Search, SearchSettings, fit_search

THINGS = ("ladder", "hammer", "faucet", "lattice", "drill", "bucket", "shovel", "mirror")
COLOURS = ("red", "green", "black", "white", "silver")
SETTINGS = FusionSettings(rounds=40, leaves=7, leaf_rows=5)


def vectors(texts: list[str], size: int = 8) -> np.ndarray:
    """Unit vectors that say nothing, the same for equal texts."""
    rows = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=size) for text in texts]
    matrix = np.array(rows, dtype=np.float32).reshape(len(texts), size)
    return matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)


def titles() -> list[str]:
    return [f"Acme {size} ft. {colour} {thing}" for thing in THINGS for colour in COLOURS for size in (4, 6)]


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    return SearchIndex(titles(), vectors(titles()))


@pytest.fixture(scope="module")
def search(index: SearchIndex) -> Search:
    """Learnt from queries of a colour and a thing: both are right 3, the thing alone 2, anything else 1."""
    queries = [(colour, thing) for colour in COLOURS[:4] for thing in THINGS]
    texts = [f"{colour} {thing}" for colour, thing in queries]
    grades = [
        [1 + (thing in title) + (thing in title and colour in title) for title in titles()] for colour, thing in queries
    ]
    count = len(titles())
    pairs = GradedPairs(
        texts, vectors(texts), np.repeat(np.arange(len(texts)), count), np.tile(np.arange(count), len(texts)),
        np.array(grades, dtype=float).ravel(),
    )  # fmt: skip
    return fit_search(index, pairs, SearchSettings(good=2.5, most=20, grades=SETTINGS, answers=SETTINGS))


def all_scores(index: SearchIndex, query: Query) -> Scores:
    return index.all_scores(query, index.vectors @ query.vector)


def feature(index: SearchIndex, text: str, name: str) -> np.ndarray:
    """[items] one feature of a query with all items."""
    query = index.query(text, vectors([text])[0])
    rows = np.arange(len(index.terms))
    return PairFeatures(index)(query, all_scores(index, query), rows)[:, FEATURES.index(name)]


def test_a_query_of_unseen_words_finds_what_was_learnt_of_others(search: Search) -> None:
    results = search.results("silver ladders", vectors(["silver ladders"])[0], 2)
    assert sorted(titles()[row] for row in results.row) == ["Acme 4 ft. silver ladder", "Acme 6 ft. silver ladder"]
    assert (np.diff(results.grade) <= 0).all()


def test_a_typo_finds_the_same(search: Search) -> None:
    right, wrong = (search.results(text, vectors(["x"])[0], 2) for text in ("red hammer", "red hamner"))
    assert right.row.tolist() == wrong.row.tolist()


def test_grades_follow_what_was_graded(search: Search) -> None:
    rows = np.array([titles().index(f"Acme 4 ft. {what}") for what in ("red drill", "green drill", "green mirror")])
    grades = search.grade("red drill", vectors(["red drill"])[0], rows)
    assert grades[0] > grades[1] > grades[2]


@pytest.mark.parametrize("text", ["", "?!", "qqqqqq", "的"])
def test_a_query_without_a_known_word_is_searched_by_its_vector_alone(search: Search, text: str) -> None:
    assert len(search.results(text, np.zeros(8, dtype=np.float32), 5).row) == 0
    assert len(search.results(text, vectors(["x"])[0], 5).row) == 5


def test_a_stored_search_gives_the_same_results(search: Search, index: SearchIndex, tmp_path: Path) -> None:
    search.save(tmp_path)
    loaded = Search.load(tmp_path, index, search.most)
    own, other = (model.results("white bucket", vectors(["y"])[0], 10) for model in (search, loaded))
    np.testing.assert_array_equal(own.row, other.row)
    np.testing.assert_array_equal(own.grade, other.grade)


def test_a_missing_or_damaged_file_is_named(search: Search, index: SearchIndex, tmp_path: Path) -> None:
    search.save(tmp_path)
    (tmp_path / GRADES_FILE).unlink()
    with pytest.raises(ValueError, match=GRADES_FILE):
        Search.load(tmp_path, index, 10)
    (tmp_path / ANSWERS_FILE).write_text("no trees")
    with pytest.raises(ValueError, match=ANSWERS_FILE):
        Search.load(tmp_path, index, 10)
    search.save(tmp_path)
    (tmp_path / PROJECTION_FILE).write_text("no matrices")
    with pytest.raises(ValueError, match=PROJECTION_FILE):
        Search.load(tmp_path, index, 10)


def test_a_search_needs_an_answer_to_learn_from(index: SearchIndex) -> None:
    pairs = GradedPairs(["red drill"], vectors(["red drill"]), np.zeros(1, int), np.zeros(1, int), np.ones(1))
    with pytest.raises(ValueError, match=r"grade of 2\.5"):
        fit_search(index, pairs, SearchSettings(good=2.5))
    with pytest.raises(ValueError, match="no pair"):
        Fusion.fit(np.zeros((0, len(FEATURES))), np.zeros(0), ANSWER, SETTINGS)


def test_numbers_count_with_their_unit(index: SearchIndex) -> None:
    six = np.array(["6 ft." in title for title in titles()])
    assert (feature(index, "6 foot drill", "units_found") == six).all()
    assert (feature(index, "6 foot drill", "numbers_differ") == ~six).all()
    assert (feature(index, "6 drill", "numbers_found") == six).all()
    assert (feature(index, "6 inch drill", "units_found") == 0).all()
    assert (feature(index, "drill", "numbers") == 0).all()


def test_head_and_rarest_word_are_looked_for(index: SearchIndex) -> None:
    drills = np.array(["drill" in title for title in titles()])
    for name in ("has_head", "same_head", "has_rarest"):
        assert (feature(index, "red drills for acme", name) == drills).all()
    assert (feature(index, "red drill", "in_row") == [("red drill" in title) for title in titles()]).all()
    assert (feature(index, "dril", "head_alike")[drills] > 0.6).all()


def test_features_are_finite_whatever_the_texts_are() -> None:
    odd = ["", "?!", "6", "的", "a" * 5_000, "red drill"]
    index = SearchIndex(odd, vectors(odd))
    pairs = PairFeatures(index)
    for text in odd:
        query = index.query(text, np.zeros(8, dtype=np.float32))
        assert np.isfinite(pairs(query, all_scores(index, query), np.arange(len(odd)))).all()
    assert pairs(query, all_scores(index, query), np.zeros(0, dtype=int)).shape == (0, len(FEATURES))


def test_an_index_without_items_finds_nothing() -> None:
    index = SearchIndex([], np.zeros((0, 8), dtype=np.float32))
    query = index.query("red drill", np.zeros(8, dtype=np.float32))
    scores = all_scores(index, query)
    assert len(index.candidates(scores, 5)) == 0
    assert PairFeatures(index)(query, scores, np.zeros(0, dtype=int)).shape == (0, len(FEATURES))


def test_a_rarer_term_counts_more() -> None:
    scores = TermIndex([["red", "drill"], ["red", "ladder"], ["red", "fan"]]).scores(["red", "drill"])
    assert scores[0] > scores[1] == pytest.approx(scores[2])
    assert (TermIndex([["red"]]).scores(["unknown"]) == 0).all()


def test_titles_and_vectors_belong_together() -> None:
    with pytest.raises(ValueError, match="one vector for each"):
        SearchIndex(["red drill"], np.zeros((2, 8), dtype=np.float32))
