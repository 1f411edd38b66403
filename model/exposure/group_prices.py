"""Prices of the floors of groups, corrected for the positions of their items in the lists.

The relaxed plan assumes the mean position weight for every slot. In a list ordered by score, items that a floor brings
in rank below others, so lists at its prices deliver less than the floor. Swaps can make up for it at the expense of a
few shoppers; a slightly higher price spreads it over those who lose least.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from model.exposure.lists import Lists
from model.exposure.prices import Solution
from model.exposure.problem import Problem
from model.exposure.rounding import rounded

SLACK = 0.01  # of a floor: what swaps may make up for
_ROUNDS = 8
_STEP = 0.15  # first relative change of a price


def lists_at_floors(problem: Problem, solution: Solution, tie: np.ndarray) -> tuple[Solution, Lists]:
    """The lists, and the solution with the prices at which they were rounded.

    Every priced floor's price moves by regula falsi until the lists deliver the floor to within SLACK, at most 8 times;
    prices never exceed the largest value, and those of floors that cannot be met stay as they are. The lists with
    the least shortfall are returned, the most valuable of equals. tie: as in `rounded`.
    """
    lists = rounded(problem, solution.price, solution.threshold, tie)
    floor, price = solution.floors.group, solution.prices.group
    unmet = {floor.name for floor in solution.unmet}
    movable = (floor > 0) & np.array([group.name not in unmet for group in problem.groups], dtype=bool)
    highest = float(problem.value.max(initial=0.0))
    low, high = np.zeros(len(floor)), np.full(len(floor), np.inf)
    used_low, used_high = np.zeros(len(floor)), np.full(len(floor), np.inf)
    best: tuple[float, float, Solution, Lists] | None = None
    current = solution
    for _ in range(_ROUNDS):
        delivered = lists.delivered()
        used = problem.membership @ delivered
        shortfall = float(np.maximum(floor * (1 - SLACK) - used, 0.0)[movable].sum())
        value = _value(lists)
        if best is None or (shortfall, -value) < (best[0], -best[1]):
            best = (shortfall, value, current, lists)
        short, over = movable & (used < floor), movable & (price > 0) & (used > floor * (1 + SLACK))
        if not np.any((short & (used < floor * (1 - SLACK))) | over):
            break
        low, used_low = np.where(short, price, low), np.where(short, used, used_low)
        high, used_high = np.where(over, price, high), np.where(over, used, used_high)
        price = np.where(short | over, _next(price, low, high, used_low, used_high, floor, highest), price)
        change = problem.membership.T @ (current.prices.group - price)
        current = replace(current, prices=replace(current.prices, group=price), price=current.price + change)
        lists = rounded(problem, current.price, solution.threshold, tie)
    assert best is not None
    return best[2], best[3]


def _next(
    price: np.ndarray, low: np.ndarray, high: np.ndarray, used_low: np.ndarray, used_high: np.ndarray,
    floor: np.ndarray, highest: float,
) -> np.ndarray:  # fmt: skip
    """Between two prices of which one is too low and one too high, else a step up or down."""
    between = np.isfinite(high) & (used_low > 0)
    width = np.where(between, high - low, 0.0)
    rise = np.where(between, used_high - used_low, 1.0)
    share = np.clip((floor * (1 + SLACK / 2) - used_low) / np.maximum(rise, 1e-300), 0.1, 0.9)
    up = np.minimum(price * (1 + _STEP) + 0.002 * highest, highest)
    down = np.where(np.isfinite(high), price * (1 - _STEP), price)
    alone = np.where(np.isfinite(high), down, up)
    return np.where(between, low + share * width, alone)


def _value(lists: Lists) -> float:
    """Expected responses of the lists, in units of value."""
    problem = lists.problem
    user, rank = np.nonzero(lists.pair >= 0)
    weight = problem.visits[user] * problem.position_weights[rank]
    return float(weight @ problem.value[lists.pair[user, rank]])
