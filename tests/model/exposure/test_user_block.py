"""The pass over a block against a plain reference: the projection found by bisection, one user at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from model.exposure.list_rules import ListRules
from model.exposure.problem import Problem
from model.exposure.user_block import blocks_of, plan_of, use_of
from tests.model.exposure.problems import list_rule_rows, problem_of, random_problem


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
        use = use_of([block], price, gamma)
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


def under_rules(problem: Problem, user: int, net: np.ndarray, gamma: float) -> np.ndarray:
    """The user's plan by ascent on the multipliers of slots and groups, one after the other, to convergence."""
    item = problem.item_index[problem.user_index == user]
    bounds = [(np.ones(len(item), dtype=bool), problem.slots)]
    for codes, most in zip(problem.list_rules.codes, problem.list_rules.most, strict=True):
        bounds += [(codes[item] == code, int(most)) for code in set(codes[item]) - {-1}]
    price = np.zeros(len(bounds))
    before = price - 1
    while np.abs(price - before).max() > 1e-9:
        before = price.copy()
        for number, (inside, most) in enumerate(bounds):
            others = sum((price[n] * bounds[n][0] for n in range(len(bounds)) if n != number), np.zeros(len(item)))
            low, high = 0.0, float(net.max()) + gamma
            for _ in range(50):
                middle = (low + high) / 2
                full = np.clip((net - others - middle)[inside] / gamma, 0, 1).sum() > most
                low, high = (middle, high) if full else (low, middle)
            price[number] = high if low > 0 else 0.0
    return np.clip((net - sum(p * inside for p, (inside, _) in zip(price, bounds, strict=True))) / gamma, 0, 1)


def integral_optimum(problem: Problem, user: int, net: np.ndarray) -> float:
    rows, most = list_rule_rows(problem)
    mine = problem.user_index == user
    solved = linprog(
        -net,
        A_ub=np.vstack([np.ones(mine.sum()), rows.toarray()[:, mine]]),
        b_ub=np.concatenate([[problem.slots], most]),
        bounds=(0, 1),
    )
    return -float(solved.fun)


def nested(problem: Problem) -> Problem:
    """With a second rule, whose groups are halves of those of the first; most 1 of each."""
    outer = problem.list_rules.codes[0]
    inner = np.where(outer >= 0, 2 * outer + np.arange(problem.items) % 2, -1).astype(np.int32)
    return replace(problem, list_rules=ListRules(np.stack([outer, inner]), np.array([2, 1]), ("outer", "inner")))


@pytest.mark.parametrize("gamma", [1.0, 0.01, 0.0005])
@pytest.mark.parametrize("rules", ["disjoint", "nested", "crossing"])
def test_users_under_list_rules(rules: str, gamma: float) -> None:
    problem = random_problem(6, users=15, per_user=20, rules=((5, 2), (1, 1)) if rules == "crossing" else ((5, 2),))
    problem = nested(problem) if rules == "nested" else problem
    price = np.random.default_rng(0).normal(0, 0.01, problem.items)
    (block,) = blocks_of(problem.pairs)
    planned, threshold = plan_of(block, price, gamma)
    assert np.all(threshold >= 0)
    optimum, values = 0.0, np.zeros(2)
    for user in range(problem.users):
        mine = problem.user_index == user
        net, x = (problem.value - price[problem.item_index])[mine], planned[mine]
        expected = under_rules(problem, user, net, gamma)
        value, best = (float(net @ r - gamma / 2 * r @ r) for r in (x, expected))
        if rules == "crossing":
            assert value <= best * (1 + 1e-6)
            values += value, best
        else:
            np.testing.assert_allclose(x, expected, atol=1e-5)
        optimum += problem.delivery[user] * integral_optimum(problem, user, net)
    assert values[0] >= 0.99 * values[1]
    rows, most = list_rule_rows(problem)
    assert np.all(rows @ planned <= most + 1e-9)
    use = use_of([block], price, gamma)
    weights = problem.delivery[problem.user_index] * planned
    np.testing.assert_allclose(use.used, np.bincount(problem.item_index, weights, minlength=problem.items))
    assert use.response == pytest.approx(weights @ problem.value)
    assert use.upper >= optimum - 1e-9
    if gamma == 0.0005:  # with more regularisation, fewer users are near enough to a rule to take it into the bound
        assert use.upper <= optimum * (1.01 if rules == "crossing" else 1 + 1e-9)


@pytest.mark.parametrize("rules", ["disjoint", "nested"])
def test_the_curvature_is_the_slope_of_what_is_used(rules: str) -> None:
    problem = random_problem(6, users=1, per_user=20, rules=((5, 2),))
    problem = nested(problem) if rules == "nested" else problem
    (block,) = blocks_of(problem.pairs)
    price, gamma, step = np.zeros(problem.items), 0.02, 1e-7
    curvature = use_of([block], price, gamma).curvature
    for item in problem.item_index:
        up, down = (np.where(np.arange(problem.items) == item, sign * step, 0.0) for sign in (1, -1))
        slope = (use_of([block], down, gamma).used - use_of([block], up, gamma).used)[item] / (2 * step)
        assert curvature[item] == pytest.approx(slope, rel=1e-4, abs=1e-6)
    assert curvature.max() > 0
