"""Neighbours of items: by sessions where there are many, by text where there are few, against plain sums."""

from __future__ import annotations

import numpy as np
import pytest

from model.retrieval.histories import Histories
from model.retrieval.neighbours import Neighbours, neighbours

ITEMS = 40
KIND = np.arange(ITEMS) % 4  # of ten items each
ALL = np.arange(ITEMS)


def sessions_of(lists: list[list[int]], items: int = ITEMS) -> Histories:
    session = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    item = np.concatenate([np.array(one, dtype=np.int64) for one in lists]) if lists else np.zeros(0, dtype=np.int64)
    return Histories.of(session, item, np.arange(len(item)), items, 50)


def vectors() -> np.ndarray:
    """Unit vectors whose cosine is large within a kind."""
    rows = np.eye(4)[KIND] + 0.05 * np.random.default_rng(1).normal(size=(ITEMS, 4))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def learnt() -> Neighbours:
    """Sessions are of one kind; 36 is in none, and all with 0 hold 4, of its kind, and 1, of another kind."""
    random = np.random.default_rng(0)
    known = ALL[:36]
    lists = [list(random.choice(known[KIND[known] == kind], 3, replace=False)) for kind in range(4) for _ in range(100)]
    lists += [[0, 4, 1]] * 200
    return neighbours(sessions_of(lists), vectors(), ALL, ALL, 9)


def test_what_sessions_hold_together_comes_first(learnt: Neighbours) -> None:
    lift = learnt.lift.toarray()
    assert set(np.argsort(-lift[0])[:2]) == {1, 4}  # although 1 has another text
    assert learnt.sessions[36] == 0
    assert learnt.sessions[0] > 200


def test_an_item_without_sessions_has_neighbours_by_text(learnt: Neighbours) -> None:
    near = np.flatnonzero(learnt.lift.toarray()[36])
    assert len(near) == 9
    assert set(KIND[near]) == {KIND[36]}
    assert learnt.rest[36] < 1 < learnt.lift.toarray()[36, near].min()


def test_an_item_is_no_neighbour_of_itself(learnt: Neighbours) -> None:
    assert not learnt.lift.diagonal().any()


def test_many_sessions_overrule_the_text_and_few_do_not() -> None:
    lists = [[0, 1], [2, 3], [4, 8], [5, 9]]
    # Eight items met in n pairs each; the other 32 count as met in one.
    for times, least, most in ((1, 0.0, 0.5), (500, 0.95, 1.0)):
        known = neighbours(sessions_of(lists * times), vectors(), ALL, ALL, ITEMS)
        by_sessions = times / (times * times / (8 * times + 32))
        assert least * by_sessions < known.lift.toarray()[0, 1] < most * by_sessions


def test_only_the_columns_are_neighbours_and_the_rest_is_their_mean() -> None:
    lists = [[0, 4, 8], [1, 5], [0, 5], [2, 6, 0]] * 30
    columns = np.array([4, 5, 6, 9])
    full, cut = (neighbours(sessions_of(lists), vectors(), columns, ALL, most) for most in (4, 1))
    assert full.lift.shape == (ITEMS, 4)
    np.testing.assert_allclose(cut.lift.max(axis=1).toarray().ravel(), full.lift.max(axis=1).toarray().ravel())
    # 60 of the pairs of 4, 5 and 6 are of two, 9 is in no session and counts as one pair.
    share = np.array([60.0, 60.0, 60.0, 1.0])
    lift = full.lift.toarray()[0]
    others = np.argsort(-lift)[1:]
    assert cut.rest[0] == pytest.approx((lift * share)[others].sum() / share[others].sum(), rel=1e-5)


@pytest.mark.parametrize("lists", [[], [[3]], [[1], [1], [2]]])
def test_without_sessions_of_two_items_nothing_is_likelier(lists: list[list[int]]) -> None:
    flat = neighbours(sessions_of(lists), vectors(), ALL, ALL, 5)
    assert set(flat.lift.data) == {1.0}
    np.testing.assert_allclose(flat.rest, 1.0)


def test_rows_that_are_not_asked_for_are_empty() -> None:
    of_two = neighbours(sessions_of([[0, 1]] * 9), vectors(), ALL, np.array([5, 0]), 3)
    assert np.diff(of_two.lift.indptr).nonzero()[0].tolist() == [0, 5]


def test_it_is_the_same_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = [[0, 4, 8], [1, 5], [0, 5], [2, 6, 0]] * 30
    at_once = neighbours(sessions_of(lists), vectors(), ALL, ALL, 5)
    # The sample of items decides what is learnt, so only the blocks may be smaller.
    monkeypatch.setattr("model.retrieval.neighbours._SAMPLE", 7)
    few = neighbours(sessions_of(lists), vectors(), ALL, ALL, 5)
    monkeypatch.setattr("model.retrieval.neighbours._CELLS_AT_ONCE", ITEMS * 7)
    in_blocks = neighbours(sessions_of(lists), vectors(), ALL, ALL, 5)
    np.testing.assert_allclose(in_blocks.lift.toarray(), few.lift.toarray())
    np.testing.assert_allclose(in_blocks.rest, few.rest)
    assert at_once.lift.shape == few.lift.shape
