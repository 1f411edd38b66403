"""The linear map of the encoder's vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.search.graded_pairs import GradedPairs
from model.search.projection import Projection, ProjectionSettings, fit_projection

SIZE, KINDS = 12, 6
SETTINGS = ProjectionSettings(epochs=40, batch=16, learning_rate=0.02)


def unit(values: np.ndarray) -> np.ndarray:
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def world(seed: int) -> tuple[GradedPairs, np.ndarray, np.ndarray]:
    """Queries and items of kinds: an item of the query's kind is a 3, others a 1. An encoder gives both of a kind
    vectors that have nothing in common. Also the kinds of the items."""
    random = np.random.default_rng(seed)
    kinds = np.random.default_rng(0)
    of_queries, of_items = unit(kinds.normal(size=(KINDS, SIZE))), unit(kinds.normal(size=(KINDS, SIZE)))
    kind = np.arange(60) % KINDS
    items = unit(of_items[kind] + 0.1 * random.normal(size=(60, SIZE)))
    query_kind = np.arange(40) % KINDS
    queries = unit(of_queries[query_kind] + 0.1 * random.normal(size=(40, SIZE)))
    query, row = np.repeat(np.arange(40), 8), random.integers(0, 60, 320)
    grade = np.where(kind[row] == query_kind[query], 3.0, 1.0)
    texts = [f"kind {number}" for number in query_kind]
    return GradedPairs(texts, queries, query, row, grade), items, kind


def test_new_queries_come_close_to_items_that_were_graded_well_for_others() -> None:
    pairs, items, _ = world(1)
    projection = fit_projection(pairs, items, 2.5, SETTINGS)
    others, other_items, kind = world(2)
    for cosine, least in (
        (others.vectors @ other_items.T, 0.0),
        (projection.of_queries(others.vectors) @ projection.of_items(other_items).T, 0.9),
    ):
        right = kind[cosine.argmax(axis=1)] == np.arange(40) % KINDS
        assert right.mean() >= least
        assert least > 0 or right.mean() < 0.7


def test_equal_pairs_give_an_equal_projection() -> None:
    pairs, items, _ = world(1)
    first, second = (fit_projection(pairs, items, 2.5, SETTINGS) for _ in range(2))
    np.testing.assert_array_equal(first.queries, second.queries)
    np.testing.assert_array_equal(first.items, second.items)


def test_vectors_stay_unit_vectors_and_zero_stays_zero() -> None:
    pairs, items, _ = world(1)
    projection = fit_projection(pairs, items, 2.5, SETTINGS)
    np.testing.assert_allclose(np.linalg.norm(projection.of_items(items), axis=1), 1, rtol=1e-5)
    assert (projection.of_queries(np.zeros((1, SIZE), dtype=np.float32)) == 0).all()


@pytest.mark.parametrize("grade", [1.0, 3.0])
def test_grades_without_a_difference_give_finite_numbers(grade: float) -> None:
    pairs, items, _ = world(1)
    equal = GradedPairs(pairs.texts, pairs.vectors, pairs.query, pairs.row, np.full(len(pairs.row), grade))
    assert np.isfinite(fit_projection(equal, items, 2.5, SETTINGS).queries).all()


def test_without_pairs_or_epochs_vectors_stay_as_they_are() -> None:
    pairs, items, _ = world(1)
    none = pairs.of(np.zeros(40, dtype=bool))
    for projection in (
        fit_projection(none, items, 2.5, SETTINGS),
        fit_projection(pairs, items, 2.5, ProjectionSettings(epochs=0)),
    ):
        np.testing.assert_allclose(projection.of_items(items), items, rtol=1e-5)


def test_a_stored_projection_is_the_same(tmp_path: Path) -> None:
    pairs, items, _ = world(1)
    projection = fit_projection(pairs, items, 2.5, SETTINGS)
    projection.save(tmp_path / "projection.npz")
    np.testing.assert_array_equal(Projection.load(tmp_path / "projection.npz").items, projection.items)
    with pytest.raises(ValueError, match="other"):
        Projection.load(tmp_path / "other.npz")


def test_pairs_are_grouped_by_their_query() -> None:
    pairs = GradedPairs(["a", "b", "c"], np.zeros((3, 2)), np.array([2, 0, 2]), np.array([5, 6, 7]), np.ones(3))
    assert [own.tolist() for own in pairs.by_query()] == [[1], [], [0, 2]]
    assert pairs.of(np.array([False, True, True])).row.tolist() == [5, 7]
    with pytest.raises(ValueError, match="one vector for each query"):
        GradedPairs(["a"], np.zeros((2, 2)), np.zeros(0), np.zeros(0), np.zeros(0))
