import numpy as np
import pytest

from model.ranking_metrics import graded_ndcg, hit_at, ndcg_at, recall_at, top_hits

SCORES = np.array([[0.9, 0.8, 0.7, -np.inf], [0.5, 0.5, 0.1, 0.0]])
WANTED = np.array([[False, True, True, True], [True, False, False, False]])


def test_hits_follow_the_scores_with_ties_in_the_worst_order() -> None:
    assert top_hits(SCORES, WANTED, 4).tolist() == [[False, True, True, False], [False, True, False, False]]
    assert top_hits(SCORES, WANTED, 1).tolist() == [[False], [False]]


def test_figures_by_hand() -> None:
    hits, targets = top_hits(SCORES, WANTED, 2), np.array([4, 1])
    assert recall_at(hits, targets).tolist() == [1 / 4, 1.0]
    second = 1 / np.log2(3)
    np.testing.assert_allclose(ndcg_at(hits, targets), [second / (1 + second), second])
    assert hit_at(hits).tolist() == [1.0, 1.0]
    assert hit_at(hits[:, :1]).tolist() == [0.0, 0.0]


def test_fewer_candidates_than_k() -> None:
    assert top_hits(SCORES[:, :1], WANTED[:, :1], 3).tolist() == [[False] * 3, [True, False, False]]


def test_a_shopper_without_targets_is_refused() -> None:
    with pytest.raises(ValueError, match="without targets"):
        recall_at(np.zeros((1, 2), dtype=bool), np.array([0]))


def test_ndcg_of_grades_counts_equal_scores_as_the_worst_order() -> None:
    grade = np.array([3.0, 1.0, 2.0])
    assert graded_ndcg(grade, grade, 10) == 1.0
    assert graded_ndcg(grade, np.zeros(3), 10) == graded_ndcg(grade, -grade, 10) < 1.0
    by_hand = (7 / np.log2(2) + 1 / np.log2(3)) / (7 / np.log2(2) + 3 / np.log2(3))
    assert graded_ndcg(grade, np.array([3.0, 2.0, 1.0]), 2) == pytest.approx(by_hand)
