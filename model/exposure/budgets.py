"""Budgets: what shards may use of every cap, and have to give to every floor, when lists are rounded shard by shard.

Shards cannot see all lists, only those of the shards before them in their stretch. What a stretch may use comes from
sums over the shards before it alone: a running sum, cut into lots of one entry, gives it the difference between the
sums after and before it. So the budgets of all stretches add up to the bound itself, and a scarce item's cap lies in
few of them instead of in parts that no entry fits into. Within a stretch, what a shard leaves goes to the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from model.exposure.hashed_random import uniform
from model.exposure.problem import Problem
from model.exposure.remaining_caps import CAP_MARGIN

# Share of what the relaxed plan uses of a cap that is handed out by supply: integral lists differ from the plan.
BY_SUPPLY = 0.1
# A running sum that is closer to the total than this share is the total.
_COMPLETE = 1e-12


@dataclass(frozen=True)
class Running:
    """Sums over the shards up to some shard, float64 (items) each.

    used: exposures of the relaxed plan; offered: exposures if an item were in the lists of all its candidates
    """

    used: np.ndarray
    offered: np.ndarray

    def plus(self, other: Running) -> Running:
        """The sums with those of further shards."""
        return Running(self.used + other.used, self.offered + other.offered)

    def of_groups(self, problem: Problem) -> Running:
        """The same sums over the items of every group, float64 (groups)."""
        return Running(problem.membership @ self.used, problem.membership @ self.offered)


def demand_of(problem: Problem, planned: np.ndarray) -> Running:
    """What a shard adds to the sums. problem: its users with their pairs; planned: float64 (pairs), the relaxed plan"""
    delivery = problem.delivery[problem.user_index]
    used = np.bincount(problem.item_index, planned * delivery, minlength=problem.items)
    return Running(used, np.bincount(problem.item_index, delivery, minlength=problem.items))


def nothing(items: int) -> Running:
    """The sums before the first shard."""
    return Running(np.zeros(items), np.zeros(items))


@dataclass(frozen=True)
class Caps:
    """Caps, float64 each: of items and of groups, those for planned entries and those with all draws.

    A group without a cap has an infinite one.
    """

    item: np.ndarray
    group: np.ndarray
    planned_item: np.ndarray
    planned_group: np.ndarray

    def less(self, other: Caps) -> Caps:
        """What is left of these caps, of which others are a part; infinite ones stay so."""

        def left(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
            return np.maximum(np.subtract(ours, theirs, out=ours.copy(), where=np.isfinite(ours)), 0.0)

        return self._with(other, left)

    def at_most(self, other: Caps) -> Caps:
        """The lower one of each."""
        return self._with(other, np.minimum)

    def plus(self, exposure: float) -> Caps:
        """Caps that are higher by an exposure."""
        return Caps(*(getattr(self, field.name) + exposure for field in fields(self)))

    def _with(self, other: Caps, operation: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Caps:
        return Caps(*(operation(getattr(self, field.name), getattr(other, field.name)) for field in fields(self)))


@dataclass(frozen=True)
class BudgetedProblem(Problem):
    """A problem whose caps for planned entries stand next to those with all draws."""

    budget: Caps

    @cached_property
    def planned_cap(self) -> np.ndarray:
        """float64 (items): most exposures of planned entries."""
        return self.budget.planned_item

    @cached_property
    def planned_group_cap(self) -> np.ndarray:
        """float64 (groups): the same of groups."""
        return self.budget.planned_group


def under_caps(problem: Problem, caps: Caps) -> BudgetedProblem:
    """The problem under these caps."""
    groups = tuple(replace(group, cap=float(cap)) for group, cap in zip(problem.groups, caps.group, strict=True))
    known = {field.name: getattr(problem, field.name) for field in fields(Problem)}
    return BudgetedProblem(**{**known, "item_cap": caps.item, "groups": groups}, budget=caps)


class CapBudgets:
    """Hands out the caps of a problem along running sums over its shards.

    bounds: the problem, of which only the bounds are read; total: sums over all shards
    lot: exposures of the largest entry; item_seed: uint64 (items), decide in which shards the lots of an item lie
    """

    def __init__(self, bounds: Problem, total: Running, lot: float, item_seed: np.ndarray) -> None:
        self.bounds = bounds
        caps = np.array([group.cap for group in bounds.groups], dtype=np.float64)
        of_group = np.arange(len(caps), dtype=np.uint64)
        headroom = bounds.exploration_share
        self.items = _Cut(bounds.item_floor, bounds.item_cap, total, lot, uniform(item_seed), headroom)
        self.groups = _Cut(bounds.group_floor, caps, total.of_groups(bounds), lot, uniform(of_group), headroom)

    def up_to(self, running: Running | None) -> Caps:
        """What the shards up to some shard get together, all of it where `running` is None."""
        item, planned_item = self.items.up_to(running)
        group, planned_group = self.groups.up_to(None if running is None else running.of_groups(self.bounds))
        return Caps(item, group, planned_item, planned_group)


class _Cut:
    """Caps as the sum of what floors need and of what is free above them, each handed out along running sums."""

    def __init__(
        self, floor: np.ndarray, cap: np.ndarray, total: Running, lot: float, phase: np.ndarray, exploration: float
    ) -> None:
        self.floor, self.cap, self.total, self.lot, self.phase = np.minimum(floor, cap), cap, total, lot, phase
        self.exploration = exploration
        self.bounded = np.isfinite(cap)
        self.free = np.where(self.bounded, cap - self.floor, 0.0)
        planned = self.free * (1.0 - exploration)
        used = np.divide(total.used - self.floor, planned, out=np.zeros(len(cap)), where=planned > 0)
        self.by_use = (1.0 - BY_SUPPLY) * np.clip(used, 0.0, 1.0)  # share of what is free that is handed out by use

    def up_to(self, running: Running | None) -> tuple[np.ndarray, np.ndarray]:
        """Caps with all draws, and those for planned entries, of the shards up to some shard."""
        if running is None:
            floor, free = self.floor, self.free
        else:
            of_supply = share(running.offered, self.total.offered)
            of_use = share(running.used, self.total.used, of_supply)
            floor = in_lots(self.floor, of_use, self.lot, self.phase)
            free_share = self.by_use * of_use + (1.0 - self.by_use) * of_supply
            free = in_lots(self.free, free_share, self.lot, self.phase)
        # The headroom of the exploration is a share of what is free (`Problem.planned_cap`).
        planned = floor + free * (1.0 - self.exploration)
        return np.where(self.bounded, floor + free, np.inf), np.where(self.bounded, planned, np.inf)


def floors_of_shard(
    floor: np.ndarray, delivered: np.ndarray, total: np.ndarray, before: np.ndarray, after: np.ndarray, lot: float
) -> np.ndarray:
    """float64 (floors): what a shard has to deliver to each floor, given what the lists of all shards deliver.

    Where they deliver the floor together, no shard has to swap for it: its part is in proportion to what it delivers.
    What they lack is handed out in lots along a share that runs from 0 to 1 over the shards.

    floor: of all shards; delivered: by the shard's lists; total: by those of all shards
    before, after: float64 (floors), the share before and after the shard
    """
    met = delivered * np.minimum(np.divide(floor, total, out=np.zeros(len(floor)), where=total > 0), 1.0)
    lacking = np.maximum(floor - total, 0.0)
    phase = np.full(len(floor), 0.5)
    return met + in_lots(lacking, after, lot, phase) - in_lots(lacking, before, lot, phase)


def in_lots(total: np.ndarray, part: np.ndarray, lot: float, phase: np.ndarray) -> np.ndarray:
    """float64: parts of the totals, cut to multiples of a lot, all where the part is 1.

    part: float64 in [0, 1]; phase: float64 in [0, 1), where in a lot the cut lies (systematic sampling, Madow 1949:
    uniform phases give every shard its share on average)
    """
    size = np.minimum(total, lot)
    lots = np.floor(np.divide(total * part, size, out=np.zeros(len(total)), where=size > 0) + phase)
    return np.where(part >= 1.0 - _COMPLETE, total, np.minimum(lots * size, total))


def share(part: np.ndarray, total: np.ndarray, otherwise: np.ndarray | float = 0.0) -> np.ndarray:
    """float64: the part in the total, `otherwise` where the total is 0."""
    return np.where(total > 0, np.divide(part, total, out=np.zeros(len(total)), where=total > 0), otherwise)


def largest_entry(problem: Problem, busiest: float) -> float:
    """Exposures of the entry that delivers most, and a little more, so that it fits into a cap of so much.

    busiest: largest delivery of a user in the relaxed plan
    """
    weights = problem.position_weights
    return float(busiest / weights[: problem.slots].mean() * weights[0]) * (1.0 + 2.0 * CAP_MARGIN)
