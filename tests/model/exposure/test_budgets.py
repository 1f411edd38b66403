"""Budgets of shards: they add up to the bounds, in lots of an entry, and lists rounded under them keep the bounds."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from model.exposure.budgets import CapBudgets, Running, floors_of_shard, in_lots, nothing
from model.exposure.hashed_random import seeds_of
from model.exposure.passes import shard_starts
from model.exposure.plan import ListedPlan, rounded_plan
from model.exposure.prices import solve
from model.exposure.problem import Group, Problem
from tests.model.exposure.problems import breaks_no_rule, problem_of, random_problem

TOLERANCE = 0.002


def plan_of(problem: Problem, shards: int) -> ListedPlan:
    users, items = (seeds_of(map(str, range(number)), 17) for number in (problem.users, problem.items))
    starts = np.linspace(0, problem.users, shards + 1).astype(np.int64)
    return rounded_plan(problem, solve(problem, TOLERANCE, 60), TOLERANCE, users, items, starts)


def responses(problem: Problem, plan: ListedPlan) -> float:
    entries = plan.entries
    return float((problem.visits[entries.user] * problem.position_weights[entries.rank]) @ problem.value[entries.pair])


def test_lots_are_entries_and_the_rest_comes_with_the_last() -> None:
    # 3.5 exposures in lots of 1: after a quarter, 0.875 + 0.5 lots are 1; at the end everything is handed out.
    total = np.full(5, 3.5)
    shares = np.array([0.0, 0.25, 0.5, 0.9, 1.0])
    assert in_lots(total, shares, 1.0, np.full(5, 0.5)).tolist() == [0.0, 1.0, 2.0, 3.0, 3.5]
    # A cap below one entry lies whole where its phase says.
    assert in_lots(np.full(3, 0.4), np.array([0.2, 0.6, 0.9]), 1.0, np.array([0.5, 0.5, 0.0])).tolist() == [
        0.0,
        0.4,
        0.0,
    ]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shards", [1, 3, 40])
def test_budgets_of_all_shards_add_up_to_the_bounds(seed: int, shards: int) -> None:
    random = np.random.default_rng(seed)
    items = 50
    cap, floor = random.pareto(1.0, items) * 3.0, np.where(random.random(items) < 0.3, random.random(items) * 2.0, 0.0)
    cap[:3] = 0.0
    groups = (
        Group("capped", np.arange(20), cap=7.0),
        Group("floor", np.arange(10, 40), floor=12.0),
        Group("both", np.arange(30, 50), floor=2.0, cap=9.0),
    )
    bounds = problem_of([{}], items=items, weights=[1.0, 0.5], cap=list(cap), item_floor=list(floor), groups=groups)
    demands = [
        Running(
            random.random(items) * (random.random(items) < 0.5), random.random(items) * (random.random(items) < 0.8)
        )
        for _ in range(shards)
    ]
    running = [nothing(items)]
    for demand in demands:
        running.append(running[-1].plus(demand))
    cut = CapBudgets(bounds, running[-1], 0.7, seeds_of(map(str, range(items)), seed))
    ends = [cut.up_to(here) for here in running[:-1]] + [cut.up_to(None)]
    parts = [after.less(before) for before, after in pairwise(ends)]
    group_cap = np.array([7.0, np.inf, 9.0])
    for name, total in (("item", cap), ("group", group_cap)):
        np.testing.assert_allclose(
            np.sum([getattr(part, name) for part in parts], axis=0), total, rtol=1e-12, atol=1e-12
        )
    for part in parts:
        assert np.all((part.planned_item >= 0) & (part.planned_item <= part.item + 1e-12))
    if shards == 1:
        np.testing.assert_array_equal(parts[0].item, cap)
        np.testing.assert_allclose(parts[0].planned_item, bounds.planned_cap)


def test_a_met_floor_asks_no_shard_for_a_swap_and_what_lacks_is_handed_out() -> None:
    floor, total = np.array([2.0, 5.0, 0.0]), np.array([4.0, 4.0, 1.0])
    share = np.array([0.0, 0.5, 1.0])
    delivered = np.array([[3.0, 1.0, 1.0], [1.0, 3.0, 0.0]])
    parts = [
        floors_of_shard(floor, delivered[n], total, np.full(3, share[n]), np.full(3, share[n + 1]), 1.0) for n in (0, 1)
    ]
    np.testing.assert_allclose(np.sum(parts, axis=0), floor)
    assert np.all(np.array(parts)[:, [0, 2]] <= delivered[:, [0, 2]])


CASES: list[dict[str, Any]] = [
    {"cap_share": 0.03},
    {"cap_share": 0.03, "explore": 2, "rules": ((12, 2), (1, 1))},
    {"cap_share": 0.06, "cap_shares": (0.2, 0.3), "floor_shares": (0.1,), "explore": 1},
    {"cap_share": 0.06, "floor_shares": (), "item_floor": 1.0, "explore": 1},
]


@pytest.mark.parametrize("keys", CASES)
@pytest.mark.parametrize("shards", [2, 8, 32])
def test_lists_by_shards_keep_every_bound_and_lose_little(keys: dict[str, Any], shards: int) -> None:
    problem = random_problem(3, users=1_600, items=120, **keys)
    whole, plan = plan_of(problem, 1), plan_of(problem, shards)
    assert np.all(plan.delivered <= problem.item_cap)
    assert np.all(plan.group_delivered <= [group.cap for group in problem.groups])
    asked = {floor.name for floor in whole.unmet}
    assert {floor.name for floor in plan.unmet} <= asked
    assert responses(problem, plan) > LEAST[shards] * responses(problem, whole)
    entries = plan.entries
    listed = np.split(problem.item_index[entries.pair], np.flatnonzero(np.diff(entries.user)) + 1)
    assert all(breaks_no_rule(problem, of_user) for of_user in listed)
    assert len(entries.pair) >= 0.99 * len(whole.entries.pair)


LEAST = {2: 0.995, 8: 0.99, 32: 0.97}  # 32 shards have 50 shoppers each


def test_one_shard_is_the_plan_without_shards() -> None:
    problem = random_problem(5, users=200, explore=1, cap_shares=(0.3,), item_floor=0.2)
    first, second = plan_of(problem, 1), plan_of(problem, 1)
    np.testing.assert_array_equal(first.entries.pair, second.entries.pair)
    assert shard_starts(problem.users).tolist() == [0, 200]


def test_a_scarce_item_goes_whole_to_the_shard_of_who_wants_it_most() -> None:
    # Eight shoppers in eight shards; the cap of the best item is one entry.
    wanted = [0.3, 0.5, 0.4, 0.6, 0.2, 0.9, 0.7, 0.5]
    problem = problem_of([{0: value, 1: 0.1} for value in wanted], items=2, weights=[1.0], cap=[1.1, 20.0])
    plan = plan_of(problem, 8)
    assert plan.delivered.tolist() == [1.0, 7.0]
    assert plan.entries.user[problem.item_index[plan.entries.pair] == 0].tolist() == [5]
