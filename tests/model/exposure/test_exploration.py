"""Exploration: propensities are exact, caps hold in every draw, variety holds."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from model.exposure.exploration import Exploration, drawn, planned_exploration
from model.exposure.hashed_random import mixed, seeds_of, shuffled_within
from model.exposure.list_prices import undithered
from model.exposure.lists import Lists
from model.exposure.prices import solve
from model.exposure.problem import Problem
from model.exposure.rounding import rounded
from model.exposure.runs import place_in_run
from tests.model.exposure.problems import breaks_no_rule, problem_of, random_problem


def seeds(problem: Problem, number: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return seeds_of(map(str, range(problem.users)), number), seeds_of(map(str, range(problem.items)), "items")


def explored(problem: Problem) -> tuple[Lists, Exploration]:
    users, items = seeds(problem)
    pair_seed = mixed(users[problem.user_index], items[problem.item_index])
    solution = solve(problem, 0.002, 60)
    lists = rounded(problem, undithered(solution.price), solution.threshold, pair_seed)
    return lists, planned_exploration(lists, pair_seed)


RULES = {
    "none": (),
    "one": ((3, 2),),
    "nested": ((3, 3), (3, 2)),
    "crossing": ((3, 2), (1, 1)),
    "three": ((4, 2), (2, 2), (1, 1)),
}


def ruled(name: str, seed: int, explore: int, **keys: Any) -> Problem:
    """A problem under some RULES; the groups of the last of nested rules lie within those of the first."""
    problem = random_problem(seed, explore=explore, rules=RULES[name], **keys)
    if name != "nested":
        return problem
    outer, halves = problem.list_rules.codes[0], np.arange(problem.items) % 2
    inner = np.where(outer >= 0, 2 * outer + halves, -1).astype(np.int32)
    return replace(problem, list_rules=replace(problem.list_rules, codes=np.stack([outer, inner])))


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("slots", [1, 2, 3])
def test_frequencies_are_the_propensities(rules: str, slots: int) -> None:
    problem = ruled(rules, 2, slots, users=20, per_user=15, cap_share=0.5)
    lists, exploration = explored(problem)
    draws, count = 2000, np.zeros(len(problem.item_index))
    for number in range(draws):
        chosen = drawn(exploration, problem, *seeds(problem, number))
        assert len(set(chosen)) == len(chosen)
        count[chosen] += 1
    p = exploration.probability
    spread = np.sqrt(p * (1 - p) / draws)
    away = np.abs(count[exploration.pair] / draws - p)
    assert np.all(away <= 5 * spread + 1e-8)
    assert np.mean(away > 2 * spread + 1e-8) < 0.1
    outside = np.ones(len(count), dtype=bool)
    outside[exploration.pair] = False
    assert count[outside].sum() == 0
    assert not lists.listed[exploration.pair].any()


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("slots", [1, 3])
def test_the_expected_exposure_is_the_mean_over_draws(rules: str, slots: int) -> None:
    # With candidates left for few, lists have fewer drawn entries than slots.
    problem = ruled(rules, 3, slots, users=20, per_user=8, cap_share=0.5)
    lists, exploration = explored(problem)
    draws = 3000
    shown = np.zeros((draws, problem.items))
    for number in range(draws):
        chosen = drawn(exploration, problem, *seeds(problem, number))
        user = problem.user_index[chosen]
        rank = lists.length[user] + place_in_run(user)
        weight = problem.visits[user] * problem.position_weights[rank]
        shown[number] = np.bincount(problem.item_index[chosen], weight, minlength=problem.items)
    away = np.abs(shown.mean(axis=0) - exploration.expected(lists))
    assert np.all(away <= 5 * shown.std(axis=0) / np.sqrt(draws) + 1e-8)
    assert exploration.expected(lists).sum() > 0


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("seed", range(6))
def test_caps_and_list_rules_hold_in_every_draw(rules: str, seed: int) -> None:
    problem = ruled(rules, seed, 2 + seed % 2, cap_share=[0.02, 0.05][seed % 2], cap_shares=(0.3,))
    lists, exploration = explored(problem)
    of_user = np.bincount(exploration.user, exploration.probability, minlength=problem.users)
    np.testing.assert_allclose(of_user, np.round(of_user), atol=1e-8)
    for number in range(10):
        chosen = drawn(exploration, problem, *seeds(problem, number))
        delivered = lists.delivered()
        for user in range(problem.users):
            extra = chosen[problem.user_index[chosen] == user]
            assert len(extra) == round(of_user[user])
            rank = lists.length[user] + np.arange(len(extra))
            weights = problem.visits[user] * problem.position_weights[rank]
            delivered += np.bincount(problem.item_index[extra], weights, minlength=problem.items)
            entries = np.concatenate([lists.pair[user][lists.pair[user] >= 0], extra])
            assert breaks_no_rule(problem, problem.item_index[entries])
        assert np.all(delivered <= problem.item_cap)
        assert np.all(problem.membership @ delivered <= [group.cap for group in problem.groups])


@pytest.mark.parametrize("seed", range(20))
def test_as_many_are_drawn_as_nested_rules_let(seed: int) -> None:
    # Every set of free candidates that breaks no rule is tried; caps are wide.
    problem = ruled("nested", seed, 3, users=6, items=12, per_user=9, slots=6, cap_share=10.0, floor_shares=())
    lists, exploration = explored(problem)
    for user in range(problem.users):
        listed = lists.items(np.array([user]))[0]
        candidates = problem.item_index[problem.user_start[user] : problem.user_start[user + 1]]
        free = np.setdiff1d(candidates, listed)
        most = max(
            count
            for count in range(4)
            for extra in combinations(free, count)
            if breaks_no_rule(problem, np.concatenate([listed[listed >= 0], np.array(extra, dtype=np.int64)]))
        )
        assert exploration.probability[exploration.user == user].sum() == pytest.approx(most, abs=1e-8)


def test_what_is_left_of_a_crossing_group_goes_to_its_heavier_part() -> None:
    # Two slots are explored. The list holds 0, of type 7, and 1, which is cold; one more of each is left. Cold items
    # are 2, of type 7, and 3 and 4, of which the latter two weigh more: so 2 is not explored, 5 shares what is left of
    # type 7, and the cold pair what is left of cold.
    users = [{0: 0.9, 1: 0.8, 2: 0.2, 3: 0.2, 4: 0.1, 5: 0.3}]
    rules = (([7, -1, 7, -1, -1, 7], 2), ([-1, 0, 0, 0, 0, -1], 2))
    problem = problem_of(users, items=6, weights=[1.0, 0.9, 0.8, 0.7], explore=2, rules=rules)
    lists, exploration = explored(problem)
    assert problem.item_index[lists.pair[0]].tolist() == [0, 1]
    # The mean value of the support is .2: weights .4 and .3 share the cold one, .5 stands alone.
    assert exploration.pair.tolist() == [3, 4, 5]
    assert exploration.probability == pytest.approx([4 / 7, 3 / 7, 1.0])


def test_probabilities_of_one_shopper() -> None:
    # One planned slot takes item 0; weights of the others: 0.3 + 0.2, 0.1 + 0.2, so 5/8 and 3/8.
    problem = problem_of([{0: 0.9, 1: 0.3, 2: 0.1}], items=3, weights=[1.0, 0.5], explore=1)
    _, exploration = explored(problem)
    assert exploration.pair.tolist() == [1, 2]
    assert exploration.probability.tolist() == pytest.approx([5 / 8, 3 / 8])


def test_an_item_that_may_not_be_drawn_is_planned_alone() -> None:
    problem = problem_of([{0: 0.9, 1: 0.3, 2: 0.1}], items=3, weights=[1.0, 0.5], explore=1)
    lists, exploration = explored(replace(problem, may_be_drawn=np.array([False, False, True])))
    assert lists.listed.tolist() == [True, False, False]
    assert (exploration.pair.tolist(), exploration.probability.tolist()) == ([2], pytest.approx([1.0]))


def test_no_relevance_is_a_uniform_draw() -> None:
    problem = problem_of([dict.fromkeys(range(5), 0.0)], items=5, weights=[1.0, 0.5], explore=1)
    _, exploration = explored(problem)
    assert exploration.probability.tolist() == pytest.approx([0.25] * 4)


def test_fewer_candidates_than_slots_are_certain() -> None:
    problem = problem_of([{0: 0.9, 1: 0.3}, {}], items=2, weights=[1.0, 0.5, 0.5], explore=2)
    _, exploration = explored(problem)
    assert exploration.pair.tolist() == [1]
    assert exploration.probability == pytest.approx([1.0])
    assert drawn(exploration, problem, *seeds(problem)).tolist() == [1]


def test_a_certain_item_is_as_likely_at_every_drawn_rank() -> None:
    # Item 1 is worth more than all others together, so it is always drawn; nine others share the two other slots.
    problem = problem_of(
        [{0: 0.9, 1: 0.8, **dict.fromkeys(range(2, 11), 0.01)}], items=11, weights=[1.0, 0.5, 0.4, 0.3], explore=3
    )
    _, exploration = explored(problem)
    assert exploration.probability[exploration.pair == 1] == pytest.approx([1.0])
    ranks = [drawn(exploration, problem, *seeds(problem, number)).tolist().index(1) for number in range(3000)]
    assert np.bincount(ranks) / 3000 == pytest.approx([1 / 3] * 3, abs=0.03)


def test_full_types_are_not_drawn() -> None:
    users = [{0: 0.9, 1: 0.3, 2: 0.1}]
    problem = problem_of(users, items=3, weights=[1.0, 0.5], explore=1, rules=(([4, 4, 5], 1),))
    _, exploration = explored(problem)
    assert exploration.pair.tolist() == [2]


def test_no_exploration_slots_draw_nothing() -> None:
    problem = problem_of([{0: 0.9, 1: 0.3}], items=2, weights=[1.0])
    _, exploration = explored(problem)
    assert len(drawn(exploration, problem, *seeds(problem))) == 0


def test_seeds_depend_on_name_and_context_only() -> None:
    assert seeds_of(["a", "b"], 17, "2017-12-01")[1] == seeds_of(["b"], 17, "2017-12-01")[0]
    assert seeds_of(["a"], 17, "2017-12-01")[0] != seeds_of(["a"], 17, "2017-12-02")[0]


@pytest.mark.parametrize("groups", [1, 2, 5, 300])
def test_seeds_decide_the_order_within_groups(groups: int) -> None:
    group, seed = np.arange(1_000) * 7 % groups, seeds_of(map(str, range(1_000)))
    np.testing.assert_array_equal(shuffled_within(group, seed), np.lexsort((seed, group)))
