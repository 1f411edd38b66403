"""The pass over a block against a plain reference: the projection found by bisection, one user at a time."""

from __future__ import annotations

import numpy as np
import pytest

from model.exposure.user_block import blocks_of, plan_of, use_of
from tests.model.exposure.problems import problem_of, random_problem


def projection(net: np.ndarray, slots: int, gamma: float) -> np.ndarray:
    if np.clip(net / gamma, 0, 1).sum() <= slots:
        return np.clip(net / gamma, 0, 1)
    low, high = 0.0, float(net.max())
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.clip((net - middle) / gamma, 0, 1).sum() > slots else (low, middle)
    return np.clip((net - high) / gamma, 0, 1)


@pytest.mark.parametrize("gamma", [1.0, 0.03, 0.001])
def test_equals_the_projection(gamma: float) -> None:
    problem = random_problem(3)
    price = np.random.default_rng(0).normal(0, 0.01, problem.items)
    used, at = np.zeros(problem.items), 0
    for block in blocks_of(problem.pairs):
        planned, threshold = plan_of(block, price, gamma)
        use = use_of(block, price, gamma)
        used += use.used
        for row in range(len(block.delivery)):
            mine = slice(at, at + block.count[row])
            net = problem.value[mine] - price[problem.item_index[mine]]
            expected = projection(net, problem.slots, gamma)
            here = slice(mine.start, mine.stop)
            np.testing.assert_allclose(planned[here], expected, atol=1e-7)
            assert threshold[row] >= 0
            at = mine.stop
        upper = sum(
            problem.delivery[u]
            * np.sort(np.maximum((problem.value - price[problem.item_index])[problem.user_index == u], 0))[
                -problem.slots :
            ].sum()
            for u in range(problem.users)
        )
        assert use.upper == pytest.approx(upper)
    weights = problem.delivery[problem.user_index] * planned
    np.testing.assert_allclose(used, np.bincount(problem.item_index, weights, minlength=problem.items))


def test_ties_share_the_slots() -> None:
    problem = problem_of([{0: 0.2, 1: 0.2, 2: 0.2, 3: 0.2}], items=4, weights=[1.0, 1.0])
    planned, _ = plan_of(next(blocks_of(problem.pairs)), np.zeros(4), 0.01)
    np.testing.assert_allclose(planned, [0.5] * 4)  # 2 slots over 4 equal items


def test_slack_slots_have_no_price() -> None:
    problem = problem_of([{0: 0.2, 1: 0.005}], items=2, weights=[1.0, 1.0, 1.0])
    planned, threshold = plan_of(next(blocks_of(problem.pairs)), np.zeros(2), 0.01)
    np.testing.assert_allclose(planned, [1.0, 0.5])  # 0.005 / 0.01
    assert threshold.tolist() == [0.0]


def test_users_without_candidates_are_in_no_block() -> None:
    problem = problem_of([{}, {0: 0.2}, {}], items=1, weights=[1.0])
    assert [block.count.tolist() for block in blocks_of(problem.pairs)] == [[1]]
    assert list(blocks_of(problem_of([{}, {}], items=1, weights=[1.0]).pairs)) == []
