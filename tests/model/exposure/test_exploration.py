"""Exploration: propensities are true, caps hold in every draw, variety holds."""

from __future__ import annotations

import numpy as np
import pytest

from model.exposure.exploration import Exploration, drawn, planned_exploration
from model.exposure.hashed_random import mixed, seeds_of
from model.exposure.lists import Lists
from model.exposure.prices import solve
from model.exposure.problem import Problem
from model.exposure.rounding import rounded
from tests.model.exposure.problems import breaks_no_rule, problem_of, random_problem


def seeds(problem: Problem, number: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return seeds_of(map(str, range(problem.users)), number), seeds_of(map(str, range(problem.items)), "items")


def explored(problem: Problem) -> tuple[Lists, Exploration]:
    users, items = seeds(problem)
    pair_seed = mixed(users[problem.user_index], items[problem.item_index])
    solution = solve(problem, 0.002, 60)
    lists = rounded(problem, solution.price, solution.threshold, pair_seed)
    return lists, planned_exploration(lists, pair_seed)


@pytest.mark.parametrize(("slots", "variety"), [(1, 1000), (2, 2), (3, 1)])
def test_frequencies_are_the_propensities(slots: int, variety: int) -> None:
    problem = random_problem(2, users=20, per_user=15, explore=slots, max_per_type=variety, cap_share=0.5)
    lists, exploration = explored(problem)
    draws, count = 4000, np.zeros(len(problem.item_index))
    for number in range(draws):
        chosen = drawn(exploration, problem, *seeds(problem, number))
        assert len(set(chosen)) == len(chosen)
        count[chosen] += 1
    p = exploration.probability
    spread = np.sqrt(p * (1 - p) / draws)
    away = np.abs(count[exploration.pair] / draws - p)
    assert np.all(away <= 5 * spread + 1e-9)
    assert np.mean(away > 2 * spread) < 0.1
    outside = np.ones(len(count), dtype=bool)
    outside[exploration.pair] = False
    assert count[outside].sum() == 0
    assert not lists.listed[exploration.pair].any()


@pytest.mark.parametrize("seed", range(6))
def test_caps_and_variety_hold_in_every_draw(seed: int) -> None:
    problem = random_problem(
        seed, explore=2, max_per_type=2, types=6, cap_share=[0.02, 0.05][seed % 2], cap_shares=(0.3,)
    )
    lists, exploration = explored(problem)
    of_user = np.bincount(exploration.user, exploration.probability, minlength=problem.users)
    np.testing.assert_allclose(of_user, np.round(of_user), atol=1e-9)
    for number in range(30):
        chosen = drawn(exploration, problem, *seeds(problem, number))
        delivered = lists.delivered()
        for user in range(problem.users):
            extra = chosen[problem.user_index[chosen] == user]
            assert len(extra) == round(of_user[user])
            rank = lists.length[user] + np.arange(len(extra))
            weights = problem.visits[user] * problem.position_weights[rank]
            delivered += np.bincount(problem.item_index[extra], weights, minlength=problem.items)
            whole = np.concatenate([lists.pair[user][lists.pair[user] >= 0], extra])
            assert breaks_no_rule(problem, problem.item_index[whole])
        assert np.all(delivered <= problem.item_cap)
        assert np.all(problem.membership @ delivered <= [group.cap for group in problem.groups])


def test_probabilities_of_one_shopper() -> None:
    # One planned slot takes item 0; weights of the others: 0.3 + 0.2, 0.1 + 0.2, so 5/8 and 3/8.
    problem = problem_of([{0: 0.9, 1: 0.3, 2: 0.1}], items=3, weights=[1.0, 0.5], explore=1)
    _, exploration = explored(problem)
    assert exploration.pair.tolist() == [1, 2]
    assert exploration.probability.tolist() == pytest.approx([5 / 8, 3 / 8])


def test_no_relevance_is_a_uniform_draw() -> None:
    problem = problem_of([dict.fromkeys(range(5), 0.0)], items=5, weights=[1.0, 0.5], explore=1)
    _, exploration = explored(problem)
    assert exploration.probability.tolist() == pytest.approx([0.25] * 4)


def test_fewer_candidates_than_slots_are_certain() -> None:
    problem = problem_of([{0: 0.9, 1: 0.3}, {}], items=2, weights=[1.0, 0.5, 0.5], explore=2)
    _, exploration = explored(problem)
    assert exploration.pair.tolist() == [1]
    assert exploration.probability.tolist() == [1.0]
    assert drawn(exploration, problem, *seeds(problem)).tolist() == [1]


def test_full_types_are_not_drawn() -> None:
    users = [{0: 0.9, 1: 0.3, 2: 0.1}]
    problem = problem_of(users, items=3, weights=[1.0, 0.5], explore=1, types=[4, 4, 5], max_per_type=1)
    _, exploration = explored(problem)
    assert exploration.pair.tolist() == [2]


def test_no_exploration_slots_draw_nothing() -> None:
    problem = problem_of([{0: 0.9, 1: 0.3}], items=2, weights=[1.0])
    _, exploration = explored(problem)
    assert len(drawn(exploration, problem, *seeds(problem))) == 0


def test_seeds_depend_on_name_and_context_only() -> None:
    assert seeds_of(["a", "b"], 17, "2017-12-01")[1] == seeds_of(["b"], 17, "2017-12-01")[0]
    assert seeds_of(["a"], 17, "2017-12-01")[0] != seeds_of(["a"], 17, "2017-12-02")[0]
