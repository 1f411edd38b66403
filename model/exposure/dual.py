"""The dual of the plan over its prices, quadratically regularised.

An item's price is q = lambda - mu - Gᵀnu + Gᵀkappa, with lambda of its cap, mu of its floor, nu of the floors and kappa
of the caps of its groups, all >= 0 and in units of value per expected delivered exposure. Floors are elastic: their
prices are bounded by what the longest chain of moves could cost. That a floor at this bound cannot be met is only said
with a proof: every plan has a response of at least 0, so prices at which the dual is negative exclude that all bounds
hold (Farkas 1902). The bound is no price of anything, so such floors are lowered to what is attained and priced again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.exposure.feasibility import Floors
from model.exposure.passes import Passes
from model.exposure.problem import Problem
from model.exposure.user_block import Use
from model.sums import dot

# Entries that may have to move for one more entry of a floor: it takes a slot from an entry of another floor, which
# takes that of a third one somewhere else. Each move costs the largest value at most.
MOST_MOVES = 4
# Prices are multiplied by this where only feasibility counts: values are negligible next to them.
VALUES_VANISH = 1e6


@dataclass(frozen=True)
class Prices:
    """cap and item_floor: float64 (items); group and group_cap, of floors and caps: float64 (groups); all >= 0."""

    cap: np.ndarray
    item_floor: np.ndarray
    group: np.ndarray
    group_cap: np.ndarray


@dataclass(frozen=True)
class Pass:
    """A pass at the prices `vector`: gap, slackness and violation are relative.

    slackness: the part of the gap that bounds cause which have a price but are not used up; the rest is regularisation
    """

    vector: np.ndarray
    gamma: float
    use: Use
    gap: float
    slackness: float
    violation: float

    @property
    def merit(self) -> float:
        """The larger of gap and violation; smaller is better."""
        return max(self.gap, self.violation)


class Dual:
    """The dual over one vector: lambda of all items, mu of items with a floor, nu of all groups, kappa of capped ones.

    Only the bounds of `problem` are read; its pairs are those of `passes`.
    of_group, of_floor: bool, prices of groups, and of floors
    """

    def __init__(self, problem: Problem, passes: Passes, floors: Floors) -> None:
        """floors: those to meet, as of `attainable_floors`"""
        self.problem, self.passes, self.floors = problem, passes, floors
        self.facts = passes.facts
        self.floored = np.flatnonzero(self.floors.item > 0)
        self.capped = np.flatnonzero(np.isfinite(problem.planned_group_cap))
        self.group_cap = problem.planned_group_cap[self.capped]
        self.top = self.facts.largest or 1.0
        spread = self.facts.spread
        self.scale = spread if spread > 1e-3 * self.top else 0.1 * self.top
        number = int(np.count_nonzero(floors.planned_group)) + int(len(self.floored) > 0)
        self.elastic = self.top * min(1 + number, MOST_MOVES)
        items, groups = problem.items, len(problem.groups)
        most_groups = int(np.bincount(problem.membership.indices, minlength=1).max())
        # At this price no user takes an item, whatever its floors pay.
        prohibitive = self.top + self.elastic * (1 + most_groups)
        elastic = np.full(len(self.floored) + groups, self.elastic)
        self.bound = np.concatenate([np.full(items, prohibitive), elastic, np.full(len(self.capped), prohibitive)])
        self.lowest = np.concatenate([np.where(problem.open, 0.0, prohibitive), np.zeros(len(self.bound) - items)])
        self.usual = np.concatenate(
            [problem.planned_cap, self.floors.item[self.floored], self.floors.planned_group, self.group_cap]
        )
        self._ends = np.cumsum([items, len(self.floored), groups])
        place = np.arange(len(self.bound))
        self.of_group = place >= self._ends[1]
        self.of_floor = (place >= self._ends[0]) & (place < self._ends[2])

    def start(self, warm: Prices | None) -> np.ndarray:
        """Zero, or prices of an earlier night, within the bounds."""
        if warm is None:
            return self.projected(np.zeros(len(self.bound)))
        parts = [warm.cap, warm.item_floor[self.floored], warm.group, warm.group_cap[self.capped]]
        return self.projected(np.concatenate(parts))

    def projected(self, vector: np.ndarray) -> np.ndarray:
        """The nearest prices within the bounds."""
        return np.clip(vector, self.lowest, self.bound)

    def split(self, vector: np.ndarray) -> Prices:
        """The prices by kind of constraint; an item or group without a bound has price 0."""
        cap, floored, group, capped = np.split(vector, self._ends)
        item_floor, group_cap = np.zeros(self.problem.items), np.zeros(len(group))
        item_floor[self.floored], group_cap[self.capped] = floored, capped
        return Prices(cap, item_floor, group, group_cap)

    def price(self, vector: np.ndarray) -> np.ndarray:
        """float64 (items): the net price q."""
        prices = self.split(vector)
        return prices.cap - prices.item_floor + self.problem.membership.T @ (prices.group_cap - prices.group)

    def gradient(self, use: Use) -> np.ndarray:
        """The slack of every bound, negative where it is violated."""
        of_group = self.problem.membership @ use.used
        return np.concatenate(
            [
                self.problem.planned_cap - use.used,
                (use.used - self.floors.item)[self.floored],
                of_group - self.floors.planned_group,
                self.group_cap - of_group[self.capped],
            ]
        )

    def curvature(self, use: Use) -> np.ndarray:
        """Curvature of the dual along every price: how fast the used exposure falls with it."""
        own = use.curvature
        of_group = self.problem.membership @ own
        return np.concatenate([own, own[self.floored], of_group, of_group[self.capped]])

    def short(self, gradient: np.ndarray, tolerance: float) -> np.ndarray:
        """bool: the prices of floors that are missed by more than the tolerance."""
        return self.of_floor & (gradient < -tolerance * self.usual)

    def off(self, vector: np.ndarray, gradient: np.ndarray, least: float) -> np.ndarray:
        """bool: the prices of floors that are missed, or exceeded at a price, by more than a share of them, `least`."""
        exceeded = self.of_floor & (gradient > least * self.usual) & (vector > 0)
        return exceeded | (self.short(gradient, least) & (vector < self.bound))

    def passed(self, vector: np.ndarray, gamma: float) -> Pass:
        """One pass over all users at the prices `vector`."""
        use = self.passes.use(self.price(vector), gamma)
        gradient = self.gradient(use)
        broken = np.maximum(-gradient, 0.0)
        over, items, groups, capped = np.split(broken, self._ends)
        # Exact for floors at their largest price; a floor that is still short costs what is paid for it now.
        short = broken[self.of_floor] @ vector[self.of_floor]
        primal, dual = use.response - float(short), self._value(vector, use)
        size = max(abs(dual), abs(primal), 1e-3 * self.top * self.facts.supply, 1e-300)
        slackness = dot(np.maximum(gradient, 0.0), vector - self.lowest) / size
        violation = self._violation(vector, over, items, groups, capped)
        # Where no pair has a value, every plan within the bounds is an optimum.
        gap = abs(dual - primal) / size if self.facts.largest else 0.0
        return Pass(vector, gamma, use, gap, slackness, violation)

    def missed_at_bound(self, done: Pass, tolerance: float) -> np.ndarray:
        """bool: the prices of floors that are missed by more than the tolerance at their largest price."""
        return self.short(self.gradient(done.use), tolerance) & (done.vector >= self.bound * (1 - 1e-6))

    def attained(self, done: Pass, tolerance: float) -> Floors:
        """The floors, with those that a pass misses at their largest price lowered to what it delivers of them."""
        missed = self.missed_at_bound(done, tolerance)
        item = np.full(self.problem.items, np.inf)
        of_items = self.floored[missed[self._ends[0] : self._ends[1]]]
        item[of_items] = done.use.used[of_items]
        of_group = self.problem.membership @ done.use.used + self.floors.credit
        of_groups = slice(self._ends[1], self._ends[2])
        group = np.where(missed[of_groups], of_group, np.inf)
        return self.floors.lowered(self.problem, item, group, self.competing(done.vector)[of_groups])

    def competing(self, vector: np.ndarray) -> np.ndarray:
        """bool: the prices of floors which no value explains, but only that other floors want the same slots."""
        return self.of_floor & (vector >= self.elastic - self.top)

    def excluded(self, done: Pass) -> bool:
        """Whether the prices of a pass prove that the bounds exclude each other; takes another pass.

        What values contribute to a price is at most the largest of them, and is taken off first.
        """
        prices = np.where(self.lowest > 0, done.vector, np.maximum(done.vector - self.top, 0.0)) * VALUES_VANISH
        return self._value(prices, self.passes.use(self.price(prices), done.gamma)) < 0

    def _value(self, vector: np.ndarray, use: Use) -> float:
        """The dual without regularisation, an upper bound of the response; use: at the prices `vector`."""
        caps, floored, floors, of_cap = np.split(vector * self.usual, self._ends)
        return use.upper + float(caps.sum() + of_cap.sum()) - float(floored.sum() + floors.sum())

    def _violation(
        self, vector: np.ndarray, over: np.ndarray, items: np.ndarray, groups: np.ndarray, capped: np.ndarray
    ) -> float:
        """Largest relative violation: of item caps over all exposure, of item floors over their sum, of each group
        over its own bound. Floors at their largest price are left out, as they cannot be met."""
        at_bound = vector >= self.bound * (1 - 1e-6)
        _, items_at, groups_at, _ = np.split(at_bound, self._ends)
        supply = max(self.facts.supply, 1e-300)
        of_items = float(items[~items_at].sum()) / max(float(self.floors.item.sum()), 1e-300)
        of_groups = np.where(groups_at, 0.0, groups) / np.maximum(self.floors.planned_group, 1e-9 * supply)
        of_caps = capped / np.maximum(self.group_cap, 1e-3 * supply)
        return max(
            float(over.sum()) / supply, of_items, float(of_groups.max(initial=0.0)), float(of_caps.max(initial=0.0))
        )
