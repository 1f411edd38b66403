"""Prices of floors at the positions of the lists: floors are met by prices, not by swaps."""

from __future__ import annotations

import numpy as np
import pytest

from model.exposure.floor_repair import repaired
from model.exposure.group_prices import SLACK, Trial, prices_at_floors
from model.exposure.hashed_random import mixed, seeds_of
from model.exposure.list_prices import ListPrices, undithered
from model.exposure.lists import Lists
from model.exposure.prices import Priced, Solution, solve
from model.exposure.problem import Group, Problem
from model.exposure.rounding import rounded
from tests.model.exposure.problems import problem_of, two_values


def steep(seed: int, share: float) -> Problem:
    """Attention falls fast; the worse half of the items has a floor of a share of all exposure."""
    random = np.random.default_rng(seed)
    weights = [1.0, 0.5, 0.3, 0.2, 0.1]
    quality = np.linspace(1.0, 0.7, 60)
    relevance = [
        {int(item): float(quality[item] * random.uniform(0.1, 1.0)) for item in np.sort(random.permutation(60)[:40])}
        for _ in range(300)
    ]
    group = Group("worse", np.arange(30, 60), share * 300 * sum(weights))
    return problem_of(relevance, items=60, weights=weights, groups=(group,))


def tie(problem: Problem) -> np.ndarray:
    users, items = seeds_of(map(str, range(problem.users)), 1), seeds_of(map(str, range(problem.items)), 2)
    return mixed(users[problem.user_index], items[problem.item_index])


def lists_at_floors(problem: Problem, solution: Solution) -> tuple[Priced, Lists]:
    def at(price: ListPrices) -> Lists:
        return rounded(problem, price, solution.threshold, tie(problem))

    def trial(price: ListPrices, _: bool) -> Trial:
        return Trial(at(price).delivered(), np.zeros(problem.items), at(price).value())

    moved, price, _ = prices_at_floors(problem, solution, trial)
    return moved, at(price)


@pytest.mark.parametrize(("share", "too_low"), [(0.3, True), (0.7, False)])
def test_prices_deliver_what_swaps_would_and_cost_less(share: float, too_low: bool) -> None:
    problem = steep(1, share)
    solution = solve(problem, 0.002, 60)
    swapped = rounded(problem, undithered(solution.price), solution.threshold, tie(problem))
    at_first = (problem.membership @ swapped.delivered())[0]
    floor = problem.groups[0].floor
    # A few items that a floor brings in rank low in the lists, most of a list rank high.
    assert (at_first < 0.97 * floor) if too_low else (at_first > 1.03 * floor)
    repaired(swapped, solution.floors.group, solution.floors.item)

    better, lists = lists_at_floors(problem, solution)
    delivered = (problem.membership @ lists.delivered())[0]
    assert floor * (1 - SLACK) <= delivered <= floor * (1 + 2 * SLACK)
    repaired(lists, better.floors.group, better.floors.item)
    assert (problem.membership @ lists.delivered())[0] >= floor
    assert lists.value() > 1.002 * swapped.value()
    # The prices of items follow those of the groups: reported prices are those of the lists.
    assert (better.prices.group[0] > solution.prices.group[0]) == too_low
    assert better.price[30:] == pytest.approx(-np.full(30, better.prices.group[0]) + better.prices.cap[30:])
    assert better.price[:30] == pytest.approx(solution.price[:30])


def test_without_a_binding_floor_nothing_changes() -> None:
    problem = steep(2, 0.0)
    solution = solve(problem, 0.002, 60)
    same, lists = lists_at_floors(problem, solution)
    assert same is solution
    np.testing.assert_array_equal(
        lists.pair, rounded(problem, undithered(solution.price), solution.threshold, tie(problem)).pair
    )


def test_a_floor_that_cannot_be_met_keeps_its_price() -> None:
    # Only the first shopper has the item; a floor of three exposures is out of reach.
    problem = problem_of(
        [{0: 0.9, 1: 0.8}, {0: 0.9}, {0: 0.9}], items=2, weights=[1.0], groups=(Group("rare", np.array([1]), 3.0),)
    )
    solution = solve(problem, 0.002, 60)
    same, _ = lists_at_floors(problem, solution)
    assert [floor.name for floor in solution.unmet] == ["rare"]
    np.testing.assert_array_equal(same.prices.group, solution.prices.group)


@pytest.mark.parametrize(("share", "low"), [(0.2, 0.01), (0.6, 0.5)])
def test_hashes_of_pairs_decide_where_shoppers_are_alike(share: float, low: float) -> None:
    # Above the difference of the values all lists hold items of the floor alone, below it none.
    problem = two_values(0.9, low, share, spread=0.0)
    solution = solve(problem, 0.002, 60)
    floor = problem.groups[0].floor
    jump = [
        rounded(
            problem, undithered(np.where(np.arange(80) < 40, 0.0, low - 0.9 + side)), solution.threshold, tie(problem)
        )
        for side in (-1e-3, 1e-3)
    ]
    assert [(problem.membership @ lists.delivered())[0] for lists in jump] == pytest.approx([floor / share, 0.0])

    better, lists = lists_at_floors(problem, solution)
    delivered = (problem.membership @ lists.delivered())[0]
    assert floor * (1 - SLACK) <= delivered <= floor * (1 + SLACK)
    assert better.prices.group == pytest.approx([0.9 - low], abs=1e-4)
    assert lists.value() == pytest.approx(problem.users * 3.5 * 0.9 - delivered * (0.9 - low))
    # Lists hold some of it each, instead of all or nothing.
    low_items = (problem.item_index[lists.pair] >= 40).sum(axis=1)
    assert ((low_items > 0) & (low_items < 5)).mean() > 0.5
