"""Prices of the floors of groups, corrected for the positions of their items in the lists.

The relaxed plan assumes the mean position weight for every slot. In a list ordered by score, items that a floor brings
in rank below others, so lists at its prices deliver less than the floor. Swaps can make up for it at the expense of a
few shoppers; a slightly higher price spreads it over those who lose least.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from model.exposure.prices import Priced
from model.exposure.problem import Problem

SLACK = 0.01  # of a floor: what swaps may make up for
_ROUNDS = 8
_STEP = 0.15  # first relative change of a price
_FAR_ABOVE = 0.5  # of a floor: what its price brings in addition without counting as missed


class Trial(NamedTuple):
    """What lists rounded at some prices deliver: of one shard, of several, of all.

    delivered: float64 (items), by planned entries; value: Σ value x exposure of these
    drawn: float64 (items), expected delivered exposure of the draw
    """

    delivered: np.ndarray
    drawn: np.ndarray
    value: float

    @property
    def expected(self) -> np.ndarray:
        """float64 (items): expected delivered exposure of planned entries and the draw."""
        return self.delivered + self.drawn


def total_trial(parts: Iterable[Trial], items: int) -> Trial:
    """The sum of trials, in their order."""
    delivered, drawn, value = np.zeros(items), np.zeros(items), 0.0
    for part in parts:
        delivered += part.delivered
        drawn += part.drawn
        value += part.value
    return Trial(delivered, drawn, value)


def prices_at_floors(
    bounds: Problem, relaxed: Priced, rounds: Callable[[np.ndarray, bool], Trial]
) -> tuple[Priced, Trial]:
    """The prices at which the lists deliver the floors of groups, and what these lists deliver.

    Every priced floor's price moves by regula falsi until planned entries and the expected draw deliver the floor to
    within SLACK, at most 8 times;
    prices exceed neither the largest value nor, where it is higher, the price of the relaxed plan, and those of floors
    that cannot be met stay as they are. The prices with the least shortfall are returned, of equals those with the
    largest value. Exposure far above a priced floor counts as shortfall does: where many shoppers are alike, there may
    be no price between one at which none of them see its items and one at which all do, and swaps cost less.

    bounds: the problem, of which only the bounds are read
    rounds: rounds the lists of all users at prices of items, float64 (items), and looks at the draw next to them where
        asked: at the first prices, since so small changes of prices hardly change it
    """
    floor, price = relaxed.floors.group, relaxed.prices.group
    unmet = {floor.name for floor in relaxed.unmet}
    movable = (floor > 0) & np.array([group.name not in unmet for group in bounds.groups], dtype=bool)
    highest = np.maximum(price, relaxed.facts.largest)
    low, high = np.zeros(len(floor)), np.full(len(floor), np.inf)
    used_low, used_high = np.zeros(len(floor)), np.full(len(floor), np.inf)
    best: tuple[float, float, Priced, Trial] | None = None
    current = relaxed
    for _ in range(_ROUNDS):
        trial = rounds(current.price, best is None)
        drawn = trial.drawn if best is None else best[3].drawn
        trial = trial._replace(drawn=drawn)
        used = bounds.membership @ trial.expected
        excess = np.where(price > 0, used - floor * (1 + _FAR_ABOVE), 0.0)
        missed = float(np.maximum(np.maximum(floor * (1 - SLACK) - used, excess), 0.0)[movable].sum())
        if best is None or (missed, -trial.value) < (best[0], -best[1]):
            best = (missed, trial.value, current, trial)
        short, over = movable & (used < floor), movable & (price > 0) & (used > floor * (1 + SLACK))
        if not np.any((short & (used < floor * (1 - SLACK))) | over):
            break
        low, used_low = np.where(short, price, low), np.where(short, used, used_low)
        high, used_high = np.where(over, price, high), np.where(over, used, used_high)
        price = np.where(short | over, _next(price, low, high, used_low, used_high, floor, highest), price)
        change = bounds.membership.T @ (current.prices.group - price)
        current = replace(current, prices=replace(current.prices, group=price), price=current.price + change)
    assert best is not None
    return best[2], best[3]


def _next(
    price: np.ndarray, low: np.ndarray, high: np.ndarray, used_low: np.ndarray, used_high: np.ndarray,
    floor: np.ndarray, highest: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Between two prices of which one is too low and one too high, else a step up or down."""
    between = np.isfinite(high) & (low > 0)
    width = np.where(between, high - low, 0.0)
    rise = np.where(between, used_high - used_low, 1.0)
    share = np.clip((floor * (1 + SLACK / 2) - used_low) / np.maximum(rise, 1e-300), 0.1, 0.9)
    up = np.minimum(price * (1 + _STEP) + 0.002 * highest, highest)
    down = np.where(np.isfinite(high), price * (1 - _STEP), price)
    alone = np.where(np.isfinite(high), down, up)
    return np.where(between, low + share * width, alone)
