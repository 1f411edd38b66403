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

from model.exposure.list_prices import ListPrices
from model.exposure.prices import Priced
from model.exposure.problem import Problem

SLACK = 0.01  # of a floor: what swaps may make up for
_ROUNDS = 8
_STEP = 0.15  # first relative change of a price
_FAR_ABOVE = 0.5  # of a floor: what its price brings in addition without counting as missed
_JUMP = 0.05  # of a floor: what lists that deliver more of it are looked at for shoppers who are alike
_DITHER = 1e-4  # of the largest value: the interval of prices in which hashes of pairs decide


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


Rounds = Callable[[ListPrices, bool], Trial]


def prices_at_floors(bounds: Problem, relaxed: Priced, rounds: Rounds) -> tuple[Priced, ListPrices, Trial]:
    """The prices at which the lists deliver the floors of groups, as lists are rounded at them, and what these deliver.

    Every priced floor's price moves by regula falsi until planned entries and the expected draw deliver the floor to
    within SLACK, at most 8 times. Prices exceed neither the largest value nor, where it is higher, the price of the
    relaxed plan, and those of floors that cannot be met stay as they are. The prices with the least shortfall are
    returned, of equals those with the largest value. Exposure far above a priced floor counts as shortfall does.

    Where many shoppers are alike, there may be no price between one at which none of them see the items of a group and
    one at which all do. What is between both is then bisected, and hashes of pairs decide (`ListPrices`).

    bounds: the problem, of which only the bounds are read
    rounds: rounds the lists of all users at some prices, and looks at the draw next to them where asked: at the first
        prices, since so small changes of prices hardly change it
    """
    search = _Search(bounds, relaxed, rounds)
    search.by_price()
    search.among_alike()
    return search.best.priced, search.best.price, search.best.trial


class _Tried(NamedTuple):
    """Prices that were tried; missed: by their lists, of the floors; used: float64 (groups), exposures they deliver."""

    missed: float
    priced: Priced
    price: ListPrices
    trial: Trial
    used: np.ndarray


class _Search:
    """Moves the prices of floors between those that are known to be too low and too high.

    float64 (groups) each: low and high, the prices; used_low and used_high, what lists deliver at them
    width: of the dither
    """

    def __init__(self, bounds: Problem, relaxed: Priced, rounds: Rounds) -> None:
        self.bounds, self.rounds, self.priced = bounds, rounds, relaxed
        self.floor, groups = relaxed.floors.group, len(bounds.groups)
        unmet = {floor.name for floor in relaxed.unmet}
        self.movable = (self.floor > 0) & np.array([group.name not in unmet for group in bounds.groups], dtype=bool)
        self.highest = np.maximum(relaxed.prices.group, relaxed.facts.largest)
        self.low, self.high = np.zeros(groups), np.full(groups, np.inf)
        self.used_low, self.used_high = np.zeros(groups), np.full(groups, np.inf)
        self.width = np.zeros(groups)
        self.off = self.moving = np.zeros(groups, dtype=bool)
        self.best = self._tried(with_draw=True)
        self._compare(self.best)

    def by_price(self) -> None:
        """Regula falsi of all priced floors."""
        for _ in range(_ROUNDS - 1):
            if not self.off.any():
                return
            self._move(self.moving, self._next())

    def among_alike(self) -> None:
        """Bisection, and then regula falsi of dithered prices, of the floors that jump between two prices."""
        used, largest = self.best.used, self.priced.facts.largest
        bracketed = np.isfinite(self.high) & (self.low > 0) & (largest > 0)
        jumping = self.movable & bracketed & ((used < self.floor * (1 - SLACK)) | (used > self.floor * (1 + _JUMP)))
        while np.any(wide := jumping & self.off & (self.high - self.low > _DITHER / 4 * largest)):
            self._move(wide, (self.low + self.high) / 2)
        jumping &= self.off
        self.width = np.where(jumping, _DITHER * largest, 0.0)
        self.low = np.maximum(self.low - self.width / 2, np.where(jumping, 1e-9 * largest, 0.0))
        self.high = self.high + self.width / 2
        for _ in range(_ROUNDS):
            if not np.any(jumping & self.off):
                return
            self._move(jumping & self.moving, self._next())

    def _move(self, which: np.ndarray, price: np.ndarray) -> None:
        """Tries other prices of some floors. which: bool (groups)"""
        before = self.priced.prices.group
        group = np.where(which, price, before)
        change = self.bounds.membership.T @ (before - group)
        prices = replace(self.priced.prices, group=group)
        self.priced = replace(self.priced, prices=prices, price=self.priced.price + change)
        tried = self._tried(with_draw=False)
        if (tried.missed, -tried.trial.value) < (self.best.missed, -self.best.trial.value):
            self.best = tried
        self._compare(tried)

    def _tried(self, *, with_draw: bool) -> _Tried:
        price = ListPrices(self.priced.price, self.bounds.membership.T @ self.width)
        trial = self.rounds(price, with_draw)
        trial = trial if with_draw else trial._replace(drawn=self.best.trial.drawn)
        used, floor = self.bounds.membership @ trial.expected, self.floor
        excess = np.where(self.priced.prices.group > 0, used - floor * (1 + _FAR_ABOVE), 0.0)
        missed = float(np.maximum(np.maximum(floor * (1 - SLACK) - used, excess), 0.0)[self.movable].sum())
        return _Tried(missed, self.priced, price, trial, used)

    def _compare(self, tried: _Tried) -> None:
        """Takes the prices that were tried for the bounds of those to try, where they are too low or too high."""
        price, used, floor = tried.priced.prices.group, tried.used, self.floor
        short, over = self.movable & (used < floor), self.movable & (price > 0) & (used > floor * (1 + SLACK))
        self.moving, self.off = short | over, (short & (used < floor * (1 - SLACK))) | over
        self.low, self.used_low = np.where(short, price, self.low), np.where(short, used, self.used_low)
        self.high, self.used_high = np.where(over, price, self.high), np.where(over, used, self.used_high)

    def _next(self) -> np.ndarray:
        """Between two prices of which one is too low and one too high, else a step up or down."""
        price, low, high, floor = self.priced.prices.group, self.low, self.high, self.floor
        between = np.isfinite(high) & (low > 0)
        width = np.where(between, high - low, 0.0)
        rise = np.where(between, self.used_high - self.used_low, 1.0)
        share = np.clip((floor * (1 + SLACK / 2) - self.used_low) / np.maximum(rise, 1e-300), 0.1, 0.9)
        up = np.minimum(price * (1 + _STEP) + 0.002 * self.highest, self.highest)
        down = np.where(np.isfinite(high), price * (1 - _STEP), price)
        alone = np.where(np.isfinite(high), down, up)
        return np.where(between, low + share * width, alone)
