import numpy as np
import pytest
from scipy import sparse
from threadpoolctl import threadpool_limits

from model.retrieval import item_links
from model.retrieval.histories import Histories

ALL = np.arange(4)


def histories(*lists: list[int], items: int) -> Histories:
    user = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    item = np.concatenate(lists)
    return Histories.of(user, item, np.arange(len(item)), items, last=50)


def test_transitions_are_weighted_by_the_gap_and_divided_by_the_root_of_the_counts() -> None:
    links = item_links.transitions(histories([0, 1, 2], [0, 2], items=4), ALL, gaps=2, k=9).toarray()
    # Counts 2, 1, 2. 0 → 1: one gap of 1 / √2; 1 → 2 likewise; 0 → 2: 1/2 of the first, 1 of the second, / √4.
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 2] = 1 / np.sqrt(2)
    expected[0, 2] = 1.5 / 2
    np.testing.assert_allclose(links, expected, rtol=1e-6)


def test_transitions_reach_no_further_than_the_gaps() -> None:
    assert item_links.transitions(histories([0, 1, 2], items=3), ALL[:3], gaps=1, k=9)[0, 2] == 0


def test_shoppers_of_many_items_count_less_in_cosines() -> None:
    links = item_links.cosines(histories([0, 1], [1, 2, 3], items=4), ALL, k=9).toarray()
    few, many = 1 / np.log(4), 1 / np.log(5)
    np.testing.assert_allclose(links[0], [0, few / np.sqrt(few * (few + many)), 0, 0], rtol=1e-5)
    np.testing.assert_allclose(links, links.T, rtol=1e-6)
    assert (np.diag(links) == 0).all()


def test_ease_is_the_closed_form() -> None:
    people = histories([0, 1], [1, 2], [0, 1, 2], [2], items=4)
    dense = people.matrix().toarray().astype(float)
    inverse = np.linalg.inv(dense.T @ dense + 2.0 * np.eye(4))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0.0)
    weights = item_links.ease(people, ALL, 2.0, most_items=4, k=9).toarray()
    np.testing.assert_allclose(weights, expected, atol=1e-6)


def test_ease_takes_the_most_frequent_items_only() -> None:
    weights = item_links.ease(histories([0, 2], [2, 3], [3, 2], [1], items=4), ALL, 1.0, most_items=2, k=9).toarray()
    assert set(zip(*np.nonzero(weights), strict=True)) == {(2, 3), (3, 2)}


def test_ease_in_blocks_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(3)
    people = histories(*[generator.permutation(11)[:4].tolist() for _ in range(30)], items=11)
    whole = item_links.ease(people, np.arange(11), 3.0, 11, 11).toarray()
    monkeypatch.setattr(item_links, "_ROWS_AT_ONCE", 4)
    np.testing.assert_allclose(item_links.ease(people, np.arange(11), 3.0, 11, 11).toarray(), whole, atol=1e-6)


def test_ease_does_not_depend_on_the_number_of_threads() -> None:
    generator = np.random.default_rng(3)
    people = histories(*[generator.permutation(600)[:40].tolist() for _ in range(300)], items=600)
    links = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            links.append(item_links.ease(people, np.arange(600), 30.0, 600, 20).toarray())
    np.testing.assert_array_equal(*links)


def test_strongest_keeps_the_largest_in_size_and_the_lower_column_of_equals() -> None:
    matrix = sparse.csr_matrix(np.array([[1.0, -3, 0, 2], [5, 5, 5, 0], [0, 0, 0, 0]]))
    expected = [[0, -3, 0, 2], [5, 5, 0, 0], [0, 0, 0, 0]]
    assert item_links.strongest(matrix, 2).toarray().tolist() == expected


def test_nearest_texts_and_rows_agree_and_leave_the_item_out() -> None:
    text = np.array([[1, 0], [0.6, 0.8], [0, 1], [-1, 0]], dtype=np.float32)
    near = item_links.nearest_texts(text, np.array([0, 1, 2, 3, 0]), k=2).toarray()
    # Item 4 has the text of item 0; the nearest of item 3 are all at or below zero, or far: none is kept.
    expected = [[0, 0.6, 0, 0, 1], [0.6, 0, 0.8, 0, 0], [0, 0.8, 0, 0, 0], [0, 0, 0, 0, 0], [1, 0.6, 0, 0, 0]]
    np.testing.assert_allclose(near, expected, rtol=1e-6)
    rows = item_links.nearest_rows(sparse.csr_matrix(text[[0, 1, 2]]), ALL[:3], k=1).toarray()
    np.testing.assert_allclose(rows, [[0, 0.6, 0], [0, 0, 0.8], [0, 0.8, 0]], rtol=1e-6)


def test_with_itself_sums_to_one() -> None:
    links = sparse.csr_matrix(np.array([[0, 0.5], [0, 0]], dtype=np.float32))
    np.testing.assert_allclose(item_links.with_itself(links).toarray(), [[2 / 3, 1 / 3], [0, 1]], rtol=1e-6)


@pytest.mark.parametrize("k", [1, 9])
def test_only_the_columns_that_may_follow_are_kept(k: int) -> None:
    people, columns = histories([0, 1, 2], [2, 1], [0, 1], items=4), np.array([3, 1])
    for learn in (
        lambda columns, k: item_links.transitions(people, columns, 2, k),
        lambda columns, k: item_links.transitions(people, columns, 2, k, back=True),
        lambda columns, k: item_links.cosines(people, columns, k),
        lambda columns, k: item_links.ease(people, columns, 1.0, 4, k),
    ):
        np.testing.assert_allclose(learn(columns, k).toarray(), learn(ALL, 9).toarray()[:, columns], atol=1e-7)


def test_transitions_back_are_transposed() -> None:
    people = histories([0, 1, 2], [2, 1], items=4)
    back = item_links.transitions(people, ALL, 2, 9, back=True).toarray()
    np.testing.assert_allclose(back, item_links.transitions(people, ALL, 2, 9).toarray().T)
