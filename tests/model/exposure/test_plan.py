"""The plan from prices to lists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.exposure.draws import Recording
from model.exposure.hashed_random import seeds_of
from model.exposure.plan import ListedPlan, planned, rounded_plan
from model.exposure.prices import solve
from model.exposure.problem import Group, Problem
from tests.model.exposure.problems import problem_of, random_problem, tiny_store, two_values


def plan_of(problem: Problem) -> ListedPlan:
    users, items = seeds_of(map(str, range(problem.users)), 17), seeds_of(map(str, range(problem.items)), 17)
    return planned(problem, 0.002, 60, users, items)


def test_entries_are_complete_lists_and_the_last_is_explored() -> None:
    problem = random_problem(4, explore=1, rules=((12, 3), (1, 1)), cap_share=0.06)
    plan = plan_of(problem)
    entries = plan.entries
    assert np.all(np.bincount(entries.user) == 5)
    assert entries.rank.tolist() == [0, 1, 2, 3, 4] * problem.users
    np.testing.assert_array_equal(entries.explored, entries.rank == 4)
    assert np.all(entries.propensity[~entries.explored] == 1.0)
    assert np.all((entries.propensity > 0) & (entries.propensity <= 1))
    assert np.all(plan.delivered <= problem.item_cap)
    assert np.all(plan.group_delivered >= [group.floor for group in problem.groups])
    np.testing.assert_allclose(plan.delivered, entries.delivered(problem))


def test_an_item_gets_its_floor_under_a_cap_hardly_above_it_next_to_exploration() -> None:
    problem = random_problem(4, users=3_000, explore=1, floor_shares=(), flat=True)
    floor = np.zeros(problem.items)
    floor[0], problem.item_cap[0] = 200.0, 205.0
    plan = plan_of(replace(problem, item_floor=floor))
    assert plan.unmet == ()
    assert 200.0 * (1 - 0.002) <= plan.delivered[0] <= 205.0


def test_the_same_twice() -> None:
    first, second = (plan_of(random_problem(4, explore=2)) for _ in range(2))
    for name in ("user", "pair", "rank", "propensity", "swapped"):
        np.testing.assert_array_equal(getattr(first.entries, name), getattr(second.entries, name))
    np.testing.assert_array_equal(first.delivered, second.delivered)


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
    assert plan.entries.swaps < 0.01 * len(plan.entries.pair)
    assert plan.group_delivered[0] <= 1.02 * problem.groups[0].floor


@pytest.mark.parametrize("shards", [1, 4])
@pytest.mark.parametrize(("low", "share"), [(0.01, 0.2), (0.3, 0.5)])
def test_shoppers_with_equal_values_take_no_swaps(low: float, share: float, shards: int) -> None:
    problem = two_values(0.9, low, share, spread=0.0)
    users, items = seeds_of(map(str, range(problem.users)), 17), seeds_of(map(str, range(problem.items)), 17)
    starts = np.linspace(0, problem.users, shards + 1).astype(np.int64)
    plan = rounded_plan(problem, solve(problem, 0.002, 60), 0.002, users, items, starts)
    assert plan.unmet == ()
    assert plan.entries.swaps < 0.01 * len(plan.entries.pair)
    assert plan.group_delivered[0] <= 1.02 * problem.groups[0].floor
    # An entry is listed at its own price, by which its list is in order.
    score = problem.value[plan.entries.pair] - plan.entries.price
    assert np.all((np.diff(score) <= 0) | (np.diff(plan.entries.user) > 0))
    assert np.abs(plan.entries.price - plan.solution.price[problem.item_index[plan.entries.pair]]).max() <= 1e-4


def explored(share: float, slots: int) -> Problem:
    """Shoppers with ten dear and ten cheap items, of which the cheap ones have a floor, next to drawn slots."""
    return replace(two_values(0.9, 0.3, share, spread=0.3), exploration_slots=slots)


def share_of(problem: Problem, exposure: np.ndarray) -> float:
    """The share of the first group in all exposure."""
    return float(exposure[0] / (problem.visits.sum() * problem.position_weights.sum()))


@pytest.mark.parametrize("slots", [1, 2])
def test_planned_entries_deliver_what_the_draw_leaves_of_a_floor(slots: int) -> None:
    problem = explored(0.2, slots)
    plan = plan_of(problem)
    assert plan.unmet == ()
    assert 0.2 * (1 - 1e-9) <= share_of(problem, plan.group_expected) <= 0.203
    alone = solve(problem, 0.002, 60).prices.group[0]
    assert 0.0 < plan.solution.prices.group[0] < alone
    assert plan.entries.swaps < 0.01 * len(plan.entries.pair)


@pytest.mark.parametrize("slots", [1, 2])
def test_a_floor_is_met_on_average_over_draws(slots: int) -> None:
    problem = explored(0.2, slots)
    items = seeds_of(map(str, range(problem.items)), 17)
    plans = [
        planned(problem, 0.002, 60, seeds_of(map(str, range(problem.users)), number), items) for number in range(12)
    ]
    drawn = np.array([share_of(problem, plan.group_delivered) for plan in plans])
    expected = share_of(problem, plans[0].group_expected)
    assert 0.2 * (1 - 1e-9) <= expected <= 0.205
    assert drawn.mean() == pytest.approx(expected, abs=4 * drawn.std() / np.sqrt(len(plans)))
    # A draw that by chance gives less than expected is no missed floor.
    assert drawn.min() < 0.2 * (1 - 0.002)
    assert not any(plan.unmet for plan in plans)


@pytest.mark.parametrize("slots", [1, 2])
def test_a_floor_that_the_draw_delivers_alone_costs_nothing(slots: int) -> None:
    problem = explored(0.05, slots)
    plan = plan_of(problem)
    assert solve(problem, 0.002, 60).prices.group[0] > 0
    assert plan.solution.prices.group.tolist() == [0.0]
    assert plan.unmet == ()
    assert share_of(problem, plan.group_expected) >= 0.05
    free = plan_of(explored(0.0, slots))
    np.testing.assert_array_equal(plan.entries.pair, free.entries.pair)


def test_a_floor_above_the_planned_slots_is_met_with_the_draw() -> None:
    # One slot of five, with 11 % of the attention, is drawn.
    problem = explored(0.9, 1)
    assert [floor.name for floor in solve(problem, 0.002, 60).unmet] == ["low"]
    plan = plan_of(problem)
    assert plan.unmet == ()
    assert 0.9 * (1 - 1e-9) <= share_of(problem, plan.group_expected) <= 0.918


def test_shards_deliver_a_floor_together_with_the_draw() -> None:
    problem = replace(explored(0.2, 2), recording=Recording(3, 1.0))
    users, items = seeds_of(map(str, range(problem.users)), 17), seeds_of(map(str, range(problem.items)), 17)
    starts = np.array([0, 100, 350, 600, 1_000])
    plan = rounded_plan(problem, solve(problem, 0.002, 60), 0.002, users, items, starts)
    assert plan.unmet == ()
    assert 0.2 * (1 - 0.002) <= share_of(problem, plan.group_expected) <= 0.204
    # Users and pairs of all shards are numbered over all of them.
    entries = plan.entries
    assert np.bincount(entries.user).tolist() == [5] * problem.users
    np.testing.assert_array_equal(problem.user_index[entries.pair], entries.user)
    np.testing.assert_array_equal(problem.user_index[entries.draws.pair], entries.draws.user)
    np.testing.assert_array_equal(entries.draws.pair[entries.draws.drawn], np.sort(entries.pair[entries.explored]))
    np.testing.assert_allclose(problem.membership @ entries.expected, plan.group_expected)
    np.testing.assert_allclose(entries.delivered(problem), plan.delivered)


@pytest.mark.parametrize("slots", [0, 1, 2])
def test_a_night_from_the_prices_of_the_last_takes_fewer_passes(slots: int) -> None:
    problem = random_problem(3, users=600, items=120, explore=slots)
    users, items = seeds_of(map(str, range(problem.users)), 17), seeds_of(map(str, range(problem.items)), 17)
    cold = planned(problem, 0.002, 60, users, items).solution
    noise = np.exp(np.random.default_rng(9).normal(0, 0.05, len(problem.value)))
    warm = planned(replace(problem, value=problem.value * noise), 0.002, 60, users, items, cold.prices).solution
    assert cold.converged
    assert warm.converged
    assert warm.passes < cold.passes


@pytest.mark.parametrize(("seed", "next_seed"), [(None, None), (None, 3), (2, 3), (5, 6)])
def test_both_solves_of_a_tiny_store_converge_on_the_first_night_and_the_next(
    seed: int | None, next_seed: int | None
) -> None:
    # Its caps are scarce and can take over what a floor pays, so that prices far from right move slowly.
    users, items = seeds_of(map(str, range(21)), 17), seeds_of(map(str, range(7)), 17)
    first = planned(tiny_store(seed), 0.002, 60, users, items).solution
    second = planned(tiny_store(next_seed), 0.002, 60, users, items, first.prices).solution
    assert first.converged
    assert second.converged


def test_the_solve_with_the_draw_starts_from_that_of_the_last_night() -> None:
    problem = random_problem(3, users=600, items=120, explore=2)
    users, items = seeds_of(map(str, range(problem.users)), 17), seeds_of(map(str, range(problem.items)), 17)
    cold = planned(problem, 0.002, 60, users, items).solution
    noise = np.exp(np.random.default_rng(9).normal(0, 0.05, len(problem.value)))
    moved = replace(problem, value=problem.value * noise)
    warm = planned(moved, 0.002, 60, users, items, cold.prices).solution
    with_draw = warm.passes - solve(moved, 0.002, 60, cold.prices).passes
    assert with_draw < cold.passes - solve(problem, 0.002, 60).passes


def test_planned_entries_alone_deliver_the_floor_of_an_item() -> None:
    problem = explored(0.0, 2)
    floor = np.zeros(problem.items)
    floor[40:50] = 10.0
    entries = plan_of(replace(problem, item_floor=floor)).entries
    weight = np.where(entries.explored, 0.0, problem.visits[entries.user] * problem.position_weights[entries.rank])
    by_plan = np.bincount(problem.item_index[entries.pair], weight, minlength=problem.items)
    assert np.all(by_plan[40:50] >= 10.0 * (1 - 1e-9))


def test_no_user_with_candidates() -> None:
    plan = plan_of(problem_of([{}], items=2, weights=[1.0, 0.5], explore=1))
    assert len(plan.entries.user) == 0
    assert plan.delivered.tolist() == [0.0, 0.0]
