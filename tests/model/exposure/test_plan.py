"""The plan from prices to lists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.exposure.hashed_random import seeds_of
from model.exposure.plan import ListedPlan, planned
from model.exposure.problem import Group, Problem
from tests.model.exposure.problems import problem_of, random_problem, two_values


def plan_of(problem: Problem) -> ListedPlan:
    users, items = seeds_of(map(str, range(problem.users)), 17), seeds_of(map(str, range(problem.items)), 17)
    return planned(problem, 0.002, 60, users, items)


def test_entries_are_complete_lists_and_the_last_is_explored() -> None:
    problem = random_problem(4, explore=1, rules=((12, 3), (1, 1)), cap_share=0.06)
    plan = plan_of(problem)
    assert np.all(np.bincount(plan.user) == 5)
    assert plan.rank.tolist() == [0, 1, 2, 3, 4] * problem.users
    np.testing.assert_array_equal(plan.explored, plan.rank == 4)
    assert np.all(plan.propensity[~plan.explored] == 1.0)
    assert np.all((plan.propensity > 0) & (plan.propensity <= 1))
    assert np.all(plan.delivered <= problem.item_cap)
    assert np.all(plan.group_delivered >= [group.floor for group in problem.groups])
    weight = problem.visits[plan.user] * problem.position_weights[plan.rank]
    np.testing.assert_allclose(
        plan.delivered, np.bincount(problem.item_index[plan.pair], weight, minlength=problem.items)
    )


def test_an_item_gets_its_floor_under_a_cap_hardly_above_it_next_to_exploration() -> None:
    problem = random_problem(4, users=3_000, explore=1, floor_shares=(), flat=True)
    floor = np.zeros(problem.items)
    floor[0], problem.item_cap[0] = 200.0, 205.0
    plan = plan_of(replace(problem, item_floor=floor))
    assert plan.unmet == ()
    assert 200.0 * (1 - 0.002) <= plan.delivered[0] <= 205.0


def test_the_same_twice() -> None:
    first, second = (plan_of(random_problem(4, explore=2)) for _ in range(2))
    for name in ("user", "pair", "rank", "propensity", "swapped", "delivered"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_missed_floors_are_reported_with_the_reason() -> None:
    # Three shoppers, one slot; only the first has the cold item. The second floor is dear, but can be met.
    groups = (Group("cold", np.array([1]), 2.5), Group("dear", np.array([2]), 1.0))
    users = [{0: 0.9, 1: 0.8}, {0: 0.9, 2: 0.1}, {0: 0.9}]
    plan = plan_of(problem_of(users, items=3, weights=[1.0], groups=groups))
    assert plan.group_delivered.tolist() == [1.0, 1.0]
    (unmet,) = plan.unmet
    assert (unmet.name, unmet.asked, unmet.possible, unmet.amount) == ("cold", 2.5, 1.0, 1.5)
    assert "candidates" in unmet.why


@pytest.mark.parametrize(("low", "share"), [(0.01, 0.2), (0.3, 0.2), (0.3, 0.5)])
def test_prices_and_not_swaps_meet_a_floor_of_items_that_are_worth_far_less(low: float, share: float) -> None:
    problem = two_values(0.9, low, share)
    plan = plan_of(problem)
    assert plan.unmet == ()
    assert (plan.swapped >= 0).sum() < 0.01 * len(plan.pair)
    assert plan.group_delivered[0] <= 1.02 * problem.groups[0].floor


def test_no_user_with_candidates() -> None:
    plan = plan_of(problem_of([{}], items=2, weights=[1.0, 0.5], explore=1))
    assert len(plan.user) == 0
    assert plan.delivered.tolist() == [0.0, 0.0]
