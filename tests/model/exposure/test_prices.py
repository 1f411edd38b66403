"""The relaxed plan against HiGHS, and at its edges."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from model.exposure.dual import Dual
from model.exposure.feasibility import attainable_floors
from model.exposure.passes import InMemory
from model.exposure.prices import solve
from model.exposure.problem import Group, Problem
from tests.benchmark.plan_problems import synthetic_problem
from tests.model.exposure.problems import (
    list_rule_rows,
    no_rules,
    problem_of,
    random_problem,
    reference,
    reference_prices,
    two_values,
)


@pytest.mark.parametrize("seed", range(9))
def test_within_a_percent_of_the_optimum(seed: int) -> None:
    problem = random_problem(
        seed,
        cap_share=[0.05, 0.03, 0.3][seed % 3],
        item_floor=[0.0, 0.5][seed % 2],
        cap_shares=[(), (0.2,), (0.25, 0.15)][seed % 3],
    )
    best = reference(problem)
    assert best is not None
    solution = solve(problem, 0.002, 100)
    assert solution.converged
    assert solution.unmet == ()
    assert solution.response == pytest.approx(best[0], rel=0.01)
    delivery = problem.delivery[problem.user_index]
    used = np.bincount(problem.item_index, delivery * solution.planned, minlength=problem.items)
    assert np.maximum(used - problem.planned_cap, 0).sum() <= 0.0021 * problem.delivery.sum() * problem.slots
    of_group = problem.membership @ used
    assert np.all(of_group >= problem.group_floor * 0.997)
    assert np.all(of_group <= problem.planned_group_cap * 1.003)
    assert solution.planned.min() >= 0
    assert solution.planned.max() <= 1


@pytest.mark.parametrize("rules", [((12, 2),), ((2, 3), (12, 2)), ((12, 3), (1, 2))])
@pytest.mark.parametrize("seed", range(3))
def test_within_a_percent_of_the_optimum_under_list_rules(seed: int, rules: tuple[tuple[int, int], ...]) -> None:
    problem = random_problem(seed, slots=8, rules=rules, cap_share=0.06)
    best = reference(problem)
    assert best is not None
    solution = solve(problem, 0.002, 100)
    # Where most items are in two full groups, the bound is not quite as tight as the tolerance.
    assert solution.gap <= 0.005
    assert solution.response == pytest.approx(best[0], rel=0.01)
    rows, most = list_rule_rows(problem)
    assert np.all(rows @ solution.planned <= most * (1 + 1e-6))
    # The rules cost something: without them the plan brings more.
    free = solve(dataclasses.replace(problem, list_rules=no_rules(problem.items)), 0.002, 100)
    assert free.response > 1.005 * solution.response


def test_warm_start_takes_fewer_passes() -> None:
    problem = random_problem(5, users=400, items=200, cap_share=0.01)
    cold = solve(problem, 0.002, 100)
    moved = dataclasses.replace(problem, value=problem.value * 0.98)
    warm = solve(moved, 0.002, 100, cold.prices)
    assert warm.converged
    assert warm.passes <= cold.passes // 2
    assert warm.response == pytest.approx(solve(moved, 0.002, 100).response, rel=0.005)


def test_prices_are_bounded_and_of_the_right_sign() -> None:
    # Two shoppers, one slot; item 0 may be shown once, item 2 has to be shown half a time.
    group = Group("cold", np.array([2]), 0.5)
    users = [{0: 0.8, 1: 0.6, 2: 0.5}, {0: 0.9, 1: 0.4, 2: 0.3}]
    problem = problem_of(users, items=3, weights=[1.0], cap=[1.0, 10.0, 10.0], groups=(group,))
    solution = solve(problem, 0.001, 200)
    assert solution.converged
    # The optimum: shopper 1 sees item 0, shopper 0 half of 1, half of 2: 0.9 + 0.3 + 0.25.
    assert solution.response == pytest.approx(1.45, rel=0.01)
    assert solution.price[0] > 0 > solution.price[2]
    assert solution.price[2] == pytest.approx(-0.1, abs=0.02)  # 0.6 given up for 0.5


def test_a_floor_that_cannot_be_met_is_named_with_its_amount() -> None:
    # Only shopper 0 has the cold item: 1 exposure of the 3 asked for.
    users = [{0: 0.2, 1: 0.18}, {0: 0.2}, {0: 0.3}]
    problem = problem_of(users, items=2, weights=[1.0], groups=(Group("cold", np.array([1]), 3.0),))
    (unmet,) = solve(problem, 0.002, 100).unmet
    assert unmet.name == "cold"
    assert unmet.possible == pytest.approx(1.0)
    assert unmet.amount == pytest.approx(2.0)
    assert "candidates" in unmet.why


def test_floors_that_share_slots_fall_short_as_much_as_elastic_floors_do() -> None:
    # Both groups need the slots of the same few shoppers, which sums over items and slots do not show.
    relevance = [{0: 0.26, 1: 0.24, 2: 0.3} if user < 10 else {2: 0.3, 3: 0.2} for user in range(50)]
    groups = (Group("cold", np.array([0]), 8.0), Group("new", np.array([1]), 6.0))
    problem = problem_of(relevance, items=4, weights=[1.0], groups=groups)
    assert reference(problem) is None
    elastic = reference(problem, elastic=0.9)
    assert elastic is not None
    solution = solve(problem, 0.002, 400)
    assert sum(unmet.amount for unmet in solution.unmet) == pytest.approx(elastic[1].sum(), abs=0.2)  # 8 + 6 - 10
    assert {unmet.name for unmet in solution.unmet} <= {"cold", "new"}
    assert solution.converged
    # What the last exposure costs: an entry of .3 leaves for one of .26 or .24.
    assert solution.prices.group == pytest.approx([0.04, 0.06], abs=0.003)
    assert solution.floors.group == pytest.approx([8.0, 2.0], abs=0.05)


def test_floors_of_items_that_share_slots_have_the_price_of_their_last_exposure() -> None:
    relevance = [{0: 0.26, 1: 0.24, 2: 0.3} if user < 10 else {2: 0.3, 3: 0.2} for user in range(50)]
    problem = problem_of(relevance, items=4, weights=[1.0], item_floor=[8.0, 6.0, 0.0, 0.0])
    solution = solve(problem, 0.002, 100)
    assert solution.converged
    (unmet,) = solution.unmet
    assert (unmet.name, unmet.asked) == ("item_floor", 14.0)
    assert unmet.possible == pytest.approx(10.0, abs=0.1)
    assert solution.prices.item_floor[:2] == pytest.approx([0.04, 0.06], abs=0.003)


def excluding(seed: int) -> Problem:
    """Two floors that want more of the slots of a fifth of the shoppers than there is, and one of all shoppers."""
    r = np.random.default_rng(seed)
    relevance = []
    for user in range(400):
        items = np.concatenate([r.choice(30, 12, replace=False), 30 + r.choice(20, 6, replace=False)])
        if user < 80:
            items = np.concatenate([items, 50 + r.choice(10, 6, replace=False), 60 + r.choice(10, 6, replace=False)])
        quality = np.where(items < 30, 0.1, np.where(items < 50, 0.05, 0.02))
        relevance.append(
            {int(i): float(v) for i, v in zip(items, quality * r.uniform(0.5, 1.5, len(items)), strict=True)}
        )
    weights = [1.0, 0.8, 0.6, 0.4]
    total = 80 * sum(weights)
    groups = (
        Group("others", np.arange(30, 50), 0.3 * 5 * total),
        Group("cold", np.arange(50, 60), 0.7 * total),
        Group("new", np.arange(60, 70), 0.6 * total),
    )
    return problem_of(relevance, items=70, weights=weights, groups=groups)


@pytest.mark.parametrize("seed", range(3))
def test_floors_that_exclude_each_other_are_priced_at_what_can_be_attained(seed: int) -> None:
    problem = excluding(seed)
    assert reference(problem) is None
    solution = solve(problem, 0.002, 100)
    assert solution.converged
    unmet = {floor.name: floor for floor in solution.unmet}
    assert set(unmet) <= {"cold", "new"}
    total = 80 * 2.8
    assert sum(floor.amount for floor in unmet.values()) == pytest.approx(0.3 * total, rel=0.01)
    attainable = dataclasses.replace(
        problem,
        groups=tuple(
            dataclasses.replace(group, floor=float(floor))
            for group, floor in zip(problem.groups, solution.floors.planned_group, strict=True)
        ),
    )
    np.testing.assert_allclose(solution.prices.group, reference_prices(attainable), rtol=0.02)
    best = reference(attainable)
    assert best is not None
    assert solution.response == pytest.approx(best[0], rel=0.002)
    # From the prices of a night like it.
    warm = solve(problem, 0.002, 100, solution.prices)
    assert warm.converged
    assert [floor.name for floor in warm.unmet] == [floor.name for floor in solution.unmet]
    np.testing.assert_allclose(warm.prices.group, solution.prices.group, rtol=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_prices_of_floors_are_those_of_highs(seed: int) -> None:
    problem = synthetic_problem(600, 400, 50, seed=seed)
    solution = solve(problem, 0.002, 60)
    assert solution.converged
    np.testing.assert_allclose(solution.prices.group, reference_prices(problem), rtol=0.02, atol=2e-4)


@pytest.mark.parametrize(
    ("high", "low", "share", "price"), [(0.9, 0.01, 0.2, 0.89), (0.9, 0.3, 0.2, 0.6), (0.9, 0.3, 0.9, 0.62)]
)
def test_a_floor_of_items_that_are_worth_far_less_has_the_price_of_the_difference(
    high: float, low: float, share: float, price: float
) -> None:
    problem = two_values(high, low, share)
    expected = reference_prices(problem)
    assert expected[0] == pytest.approx(price, rel=0.02)
    solution = solve(problem, 0.002, 100)
    assert (solution.converged, solution.unmet) == (True, ())
    assert solution.prices.group == pytest.approx(expected, rel=0.02)
    used = np.bincount(problem.item_index, solution.planned * problem.delivery[problem.user_index], minlength=80)
    assert used[40:].sum() >= problem.groups[0].floor * (1 - 0.002)


def test_a_plan_that_stops_short_of_an_attainable_floor_has_not_converged() -> None:
    solution = solve(two_values(0.9, 0.01, 0.2), 0.002, 3)
    assert (solution.converged, solution.unmet) == (False, ())


def test_that_floors_exclude_each_other_is_proved_and_not_read_off_a_price() -> None:
    # Ten shoppers with one slot; the second floor is 5 with room for it, or 8 without.
    def proved(second: float) -> bool:
        groups = (Group("cold", np.array([0]), 5.0), Group("new", np.array([1]), second))
        relevance = [{0: 0.26, 1: 0.24, 2: 0.3}] * 10 + [{2: 0.3, 3: 0.2}] * 40
        problem = problem_of(relevance, items=4, weights=[1.0], groups=groups)
        passes = InMemory(problem)
        dual = Dual(problem, passes, attainable_floors(problem, passes.facts, np.zeros(2)))
        return dual.excluded(dual.passed(np.where(dual.of_floor, dual.bound, dual.lowest), 1e-3))

    assert not proved(4.9)
    assert proved(8.0)


def test_a_partition_above_all_slots_is_found_before_solving() -> None:
    users = [{i: 0.1 + i / 100 for i in range(4)} for _ in range(10)]
    halves = (Group("left", np.array([0, 1]), 12.0), Group("right", np.array([2, 3]), 12.0))
    problem = problem_of(users, items=4, weights=[1.0, 1.0], groups=halves)
    solution = solve(problem, 0.002, 60)
    assert [(u.name, round(u.possible, 3)) for u in solution.unmet[:2]] == [("left", 10.0), ("right", 10.0)]
    assert "together" in solution.unmet[0].why


def test_item_floors_are_clipped_by_cap_and_candidates() -> None:
    # Item 0: cap 0.5; item 1: one shopper; item 2: no candidate. Asked 3, possible 0.5 + 1 + 0.
    users = [{0: 0.3, 1: 0.1}, {0: 0.3, 3: 0.3}]
    problem = problem_of(users, items=4, weights=[1.0, 1.0], cap=[0.5, 9, 9, 9], item_floor=[1.0, 1.0, 1.0, 0.0])
    solution = solve(problem, 0.002, 100)
    assert solution.floors.item.tolist() == [0.5, 1.0, 0.0, 0.0]
    (unmet,) = solution.unmet
    assert (unmet.name, unmet.asked, unmet.possible) == ("item_floor", 3.0, 1.5)


def test_a_group_without_items() -> None:
    empty = Group("empty", np.zeros(0, dtype=np.int64), 2.0)
    problem = problem_of([{0: 0.3}], items=1, weights=[1.0], groups=(empty,))
    solution = solve(problem, 0.002, 50)
    assert [(u.name, u.possible) for u in solution.unmet] == [("empty", 0.0)]
    assert solution.planned == pytest.approx([1.0])


def test_a_group_with_a_cap_of_zero_is_kept_out() -> None:
    groups = (Group("never", np.array([0]), cap=0.0), Group("asked", np.array([0]), 1.0))
    problem = problem_of([{0: 0.9, 1: 0.1}, {0: 0.9}], items=2, weights=[1.0], groups=groups)
    solution = solve(problem, 0.002, 50)
    np.testing.assert_allclose(solution.planned, [0.0, 1.0, 0.0], atol=0.01)
    assert [(unmet.name, unmet.possible) for unmet in solution.unmet] == [("asked", 0.0)]


def test_floors_under_the_cap_of_their_group() -> None:
    # Left and right ask for 6 each, and both lie in a group that may get 8.
    users = [{i: 0.1 + i / 100 for i in range(4)} for _ in range(10)]
    groups = (
        Group("left", np.array([0, 1]), 6.0),
        Group("right", np.array([2]), 6.0),
        Group("both", np.array([0, 1, 2]), cap=8.0),
    )
    solution = solve(problem_of(users, items=4, weights=[1.0, 1.0], groups=groups), 0.002, 60)
    assert [(u.name, round(u.possible, 3)) for u in solution.unmet] == [("left", 4.0), ("right", 4.0)]


def test_a_cap_of_a_group_has_a_price() -> None:
    # Item 0 is worth 0.4 more than item 1 to every user, and its group may be shown twice.
    users = [{0: 0.6, 1: 0.2} for _ in range(5)]
    group = Group("loud", np.array([0]), cap=2.0)
    solution = solve(problem_of(users, items=2, weights=[1.0], groups=(group,)), 0.001, 200)
    assert solution.response == pytest.approx(2 * 0.6 + 3 * 0.2, rel=0.01)
    assert solution.prices.group_cap[0] == pytest.approx(0.4, abs=0.02)
    assert solution.price[0] == pytest.approx(solution.prices.group_cap[0])


def test_zero_caps_keep_items_out() -> None:
    problem = problem_of([{0: 0.9, 1: 0.1}, {0: 0.9}], items=2, weights=[1.0], cap=[0.0, 5.0])
    solution = solve(problem, 0.002, 50)
    np.testing.assert_allclose(solution.planned, [0.0, 1.0, 0.0], atol=0.01)
    everything = problem_of([{0: 0.9, 1: 0.1}], items=2, weights=[1.0], cap=0.0)
    assert solve(everything, 0.002, 50).response == 0.0


@pytest.mark.parametrize("value", [0.0, 0.25, 1.0])
def test_all_relevances_equal(value: float) -> None:
    users = [dict.fromkeys(range(6), value) for _ in range(12)]
    group = Group("cold", np.array([5]), 3.0)
    problem = problem_of(users, items=6, weights=[1.0, 1.0], cap=5.0, groups=(group,))
    solution = solve(problem, 0.002, 100)
    assert solution.converged
    assert solution.response == pytest.approx(24 * value, rel=0.01)  # 12 shoppers, 2 slots


def test_no_user_has_candidates() -> None:
    solution = solve(problem_of([{}, {}], items=2, weights=[1.0]), 0.002, 10)
    assert (solution.response, solution.passes, solution.converged) == (0.0, 1, True)


def test_the_limit_of_passes_returns_the_best_so_far() -> None:
    solution = solve(random_problem(1), 1e-9, 5)
    assert solution.passes == 5
    assert not solution.converged
    assert np.isfinite(solution.planned).all()


def test_refuses_settings() -> None:
    with pytest.raises(ValueError, match="have to be positive"):
        solve(random_problem(1), 0.0, 5)


def test_one_and_two_threads_give_equal_prices() -> None:
    problem = synthetic_problem(1_000, 12_000, 40)
    with threadpool_limits(1):
        by_one = solve(problem, 0.002, 60)
    with threadpool_limits(2):
        by_two = solve(problem, 0.002, 60)
    np.testing.assert_array_equal(by_one.price, by_two.price)
    assert (by_one.gap, by_one.response) == (by_two.gap, by_two.response)
