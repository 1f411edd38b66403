"""Prices of caps and floors: the dual of the plan, quadratically regularised, by accelerated gradient steps.

An item's price is q = lambda - mu - Gᵀnu, with lambda of its cap, mu of its floor and nu of the floors of its groups,
all >= 0 and in units of response probability per expected delivered exposure. A pass is one sum over blocks of users
(`user_block`). Floors are elastic: their prices are bounded, and a floor whose price sits at the bound is one that
cannot be met.
Methods: Nesterov 1983 with the adaptive restart of O'Donoghue and Candès 2015, diagonal preconditioning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.exposure.feasibility import ITEM_FLOOR, Floors, Unmet, attainable_floors
from model.exposure.problem import Problem
from model.exposure.user_block import Block, Use, blocks_of, plan_of, use_of

# The regularisation, in standard deviations of relevance: from the first to the last value over so many passes.
FIRST_GAMMA, LAST_GAMMA, COLD_PASSES = 4.0, 0.03, 24
WARM_FACTOR, WARM_PASSES = 5.0, 4
# Share of the largest relevance that a unit of a missed floor costs.
ELASTIC_SHARE = 0.25


@dataclass(frozen=True)
class Prices:
    """cap and item_floor: float64 (items); group: float64 (groups); all >= 0."""

    cap: np.ndarray
    item_floor: np.ndarray
    group: np.ndarray


@dataclass(frozen=True)
class Solution:
    """The relaxed plan.

    price: float64 (items), q; threshold: float64 (users), the price of a slot; planned: float64 (pairs), r in [0, 1]
    gap and violation: relative, of the duality gap and of the bounds; converged: both within the tolerance
    unmet: the floors that cannot be met and by how much
    """

    prices: Prices
    price: np.ndarray
    threshold: np.ndarray
    planned: np.ndarray
    floors: Floors
    response: float
    passes: int
    gap: float
    violation: float
    converged: bool
    unmet: tuple[Unmet, ...]


@dataclass(frozen=True)
class _Pass:
    vector: np.ndarray
    gamma: float
    use: Use
    gap: float
    violation: float

    @property
    def merit(self) -> float:
        return max(self.gap, self.violation)


class _Dual:
    """The dual over one vector (lambda of all items, mu of the items with a floor, nu of all groups)."""

    def __init__(self, problem: Problem, floors: Floors) -> None:
        self.problem, self.floors = problem, floors
        self.blocks: list[Block] = list(blocks_of(problem))
        self.floored = np.flatnonzero(floors.item > 0)
        self.shown = problem.planned_cap > 0
        self.top = float(problem.relevance.max(initial=0.0)) or 1.0
        spread = float(problem.relevance.std()) if len(problem.relevance) else 0.0
        self.scale = spread if spread > 1e-3 * self.top else 0.1 * self.top
        elastic = ELASTIC_SHARE * self.top
        # Above this price nobody takes an item, whatever its floors pay.
        prohibitive = self.top + elastic * (1 + len(problem.groups))
        self.elastic = elastic
        cap_bound = np.full(problem.items, prohibitive)
        self.bound = np.concatenate([cap_bound, np.full(len(self.floored) + len(problem.groups), elastic)])
        self.lowest = np.where(self.shown, 0.0, prohibitive)
        self.lowest = np.concatenate([self.lowest, np.zeros(len(self.bound) - problem.items)])
        self.usual = np.concatenate([problem.planned_cap, floors.item[self.floored], floors.group])

    def start(self, warm: Prices | None) -> np.ndarray:
        if warm is None:
            return self.projected(np.zeros(len(self.bound)))
        return self.projected(np.concatenate([warm.cap, warm.item_floor[self.floored], warm.group]))

    def projected(self, vector: np.ndarray) -> np.ndarray:
        return np.clip(vector, self.lowest, self.bound)

    def split(self, vector: np.ndarray) -> Prices:
        items, floored = self.problem.items, len(self.floored)
        item_floor = np.zeros(items)
        item_floor[self.floored] = vector[items : items + floored]
        return Prices(vector[:items], item_floor, vector[items + floored :])

    def price(self, vector: np.ndarray) -> np.ndarray:
        prices = self.split(vector)
        return prices.cap - prices.item_floor - prices.group @ self.problem.membership

    def gradient(self, use: Use) -> np.ndarray:
        missing = self.floors.group - self.problem.membership @ use.used
        return np.concatenate(
            [self.problem.planned_cap - use.used, (use.used - self.floors.item)[self.floored], -missing]
        )

    def curvature(self, use: Use) -> np.ndarray:
        own = use.curvature
        return np.concatenate([own, own[self.floored], self.problem.membership @ own])

    def passed(self, vector: np.ndarray, gamma: float) -> _Pass:
        price = self.price(vector)
        parts = [use_of(block, price, gamma) for block in self.blocks]
        use = Use(
            used=np.sum([part.used for part in parts], axis=0) if parts else np.zeros(self.problem.items),
            curvature=np.sum([part.curvature for part in parts], axis=0) if parts else np.zeros(self.problem.items),
            response=sum(part.response for part in parts),
            upper=sum(part.upper for part in parts),
        )
        slack = self.gradient(use)
        over, short = -np.minimum(slack[: self.problem.items], 0.0), -np.minimum(slack[self.problem.items :], 0.0)
        # A unit of a missed floor costs `elastic`; with that, the dual over bounded prices is exact.
        primal = use.response - self.elastic * float(short.sum())
        dual = use.upper + float(vector[: self.problem.items] @ self.problem.planned_cap)
        dual -= float(vector[self.problem.items :] @ self.usual[self.problem.items :])
        size = max(abs(dual), abs(primal), 1e-3 * self.top * self.problem.supply, 1e-300)
        return _Pass(vector, gamma, use, abs(dual - primal) / size, self._violation(vector, over, short))

    def _violation(self, vector: np.ndarray, over: np.ndarray, short: np.ndarray) -> float:
        """Caps: excess over all exposure. Item floors: shortfall over all of them. Groups: the worst, of its floor."""
        at_bound = vector[self.problem.items :] >= self.bound[self.problem.items :] * (1 - 1e-6)
        short = np.where(at_bound, 0.0, short)
        floored = len(self.floored)
        caps = float(over.sum()) / max(self.problem.supply, 1e-300)
        items = float(short[:floored].sum()) / max(float(self.floors.item.sum()), 1e-300)
        groups = short[floored:] / np.maximum(self.floors.group, 1e-9 * max(self.problem.supply, 1e-300))
        return max(caps, items, float(groups.max(initial=0.0)))


def solve(problem: Problem, tolerance: float, max_passes: int, warm: Prices | None = None) -> Solution:
    """The relaxed plan, to `tolerance` in gap and violation, or the best of `max_passes` passes.

    warm: prices of an earlier, similar problem over the same items and groups.
    Raises ValueError when max_passes or tolerance is not positive.
    """
    if max_passes < 1 or tolerance <= 0:
        raise ValueError("max_passes and tolerance have to be positive.")
    dual = _Dual(problem, attainable_floors(problem))
    best, passes = _descend(dual, tolerance, max_passes, warm)
    price = dual.price(best.vector)
    planned, threshold = _planned(problem, dual, price, best.gamma)
    return Solution(
        prices=dual.split(best.vector),
        price=price,
        threshold=threshold,
        planned=planned,
        floors=dual.floors,
        response=best.use.response,
        passes=passes,
        gap=best.gap,
        violation=best.violation,
        converged=best.merit <= tolerance,
        unmet=_unmet(dual, best, tolerance),
    )


def _descend(dual: _Dual, tolerance: float, max_passes: int, warm: Prices | None) -> tuple[_Pass, int]:
    last = LAST_GAMMA * dual.scale
    first, lowering = (FIRST_GAMMA * dual.scale, COLD_PASSES) if warm is None else (WARM_FACTOR * last, WARM_PASSES)
    shrink = (last / first) ** (1.0 / (lowering - 1))
    gamma, momentum = first, 1.0
    here = ahead = dual.start(warm)
    steepness = np.zeros(len(here))
    best: _Pass | None = None
    for number in range(1, max_passes + 1):
        done = dual.passed(ahead, gamma)
        if best is None or done.merit < best.merit:
            best = done
        if done.merit <= tolerance:
            return best, number
        gradient = dual.gradient(done.use)
        steepness = np.maximum(np.maximum(dual.curvature(done.use), 0.005 * dual.usual / gamma), 0.7 * steepness)
        step = np.clip(gradient / np.maximum(2.0 * steepness, 1e-300), -gamma, gamma)
        there = dual.projected(ahead - step)
        if gradient @ (there - here) > 0:
            momentum = 1.0
        following = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        ahead = dual.projected(there + (momentum - 1.0) / following * (there - here))
        here, momentum = there, following
        if number < lowering:
            gamma *= shrink
        elif done.violation <= tolerance:
            # Only the regularisation keeps the plan from the optimum: less of it.
            gamma *= 0.7
    assert best is not None
    return best, max_passes


def _planned(problem: Problem, dual: _Dual, price: np.ndarray, gamma: float) -> tuple[np.ndarray, np.ndarray]:
    planned, threshold = np.zeros(len(problem.item_index)), np.zeros(problem.users)
    with_pairs = np.flatnonzero(problem.candidates)
    seen_pairs, seen_users = 0, 0
    for block in dual.blocks:
        of_block, thresholds = plan_of(block, price, gamma)
        planned[seen_pairs : seen_pairs + len(of_block)] = of_block
        threshold[with_pairs[seen_users : seen_users + len(thresholds)]] = thresholds
        seen_pairs, seen_users = seen_pairs + len(of_block), seen_users + len(thresholds)
    return planned, threshold


def _unmet(dual: _Dual, best: _Pass, tolerance: float) -> tuple[Unmet, ...]:
    """Floors cut beforehand, and those that the elastic plan leaves short at the largest price; one entry a name."""
    found = {cut.name: cut for cut in dual.floors.cut}
    prices = dual.split(best.vector)
    largest = dual.elastic * (1 - 1e-6)
    used = dual.problem.membership @ best.use.used
    for row, group in enumerate(dual.problem.groups):
        if prices.group[row] >= largest and used[row] < dual.floors.group[row] * (1 - tolerance):
            found[group.name] = _also_missed(found.get(group.name), group.name, group.floor, float(used[row]))
    floor, floored = dual.floors.item, dual.floored
    at_bound = floored[prices.item_floor[floored] >= largest]
    lacking = float(np.maximum(floor - best.use.used, 0.0)[at_bound].sum())
    if lacking > tolerance * float(floor.sum()):
        asked = float(dual.problem.item_floor.sum())
        found[ITEM_FLOOR] = _also_missed(found.get(ITEM_FLOOR), ITEM_FLOOR, asked, float(floor.sum()) - lacking)
    return tuple(found.values())


def _also_missed(cut: Unmet | None, name: str, asked: float, possible: float) -> Unmet:
    why = "the shoppers who could see its items have better ones"
    return Unmet(name, asked, possible, f"{cut.why} and {why}" if cut else why)
