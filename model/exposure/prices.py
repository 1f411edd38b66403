"""Prices of caps and floors by accelerated gradient steps on the dual of the plan.

Methods: Nesterov 1983 with the adaptive restart of O'Donoghue and Candès 2015, diagonal preconditioning, and a
regularisation that is lowered over the first passes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from model.exposure.dual import Dual, Pass, Prices
from model.exposure.facts import Facts
from model.exposure.feasibility import Floors, Unmet, attainable_floors
from model.exposure.leaps import Leaps
from model.exposure.passes import InMemory, Passes, relaxed_plan, shard_starts, shards_of
from model.exposure.problem import Problem
from model.exposure.user_block import blocks_of
from model.sums import dot

# The regularisation, in standard deviations of value: from the first to the last over so many passes.
FIRST_GAMMA, LAST_GAMMA, COLD_PASSES = 4.0, 0.03, 16
# Prices found at a larger regularisation than this may be off by more than the plan that they give.
SHARP_GAMMA = 0.06
WARM_FACTOR, WARM_PASSES = 5.0, 4
# Passes after which a search from earlier prices that has not arrived begins again without them. At a small
# regularisation two bounds that can pay for each other trade their prices in tiny steps; at a large one in few.
WARM_PATIENCE = 24
_HALVINGS = 10  # of what the prices of floors that exclude each other are too high by
LEAP_FROM = 0.02  # of a floor: what its exposure is off by where its price leaps
LEAST_SECANT = 0.1  # of the curvature that items alone suggest for a group


@dataclass(frozen=True)
class Priced:
    """The prices of the relaxed plan.

    price: float64 (items), q; gamma: the regularisation they belong to; facts: of all pairs
    gap and violation: relative, of the duality gap and of the bounds
    converged: both within the tolerance, so every floor is met but those that are proved not to be attainable
    floors, unmet: the floors at what can be attained, and those that cannot be met as asked and by how much
    max_passes, warm: the limit of passes, and the prices of an earlier problem that the search began with
    """

    prices: Prices
    price: np.ndarray
    gamma: float
    facts: Facts
    floors: Floors
    response: float
    passes: int
    gap: float
    violation: float
    converged: bool
    unmet: tuple[Unmet, ...]
    max_passes: int
    warm: Prices | None


@dataclass(frozen=True)
class Solution(Priced):
    """The relaxed plan: threshold float64 (users), the price of a slot; planned float64 (pairs), r in [0, 1]."""

    threshold: np.ndarray
    planned: np.ndarray


def solve(problem: Problem, tolerance: float, max_passes: int, warm: Prices | None = None) -> Solution:
    """The relaxed plan in memory, to `tolerance` in gap and violation, or the best of `max_passes` passes.

    warm: prices of an earlier, similar problem over the same items and groups.
    Raises ValueError when max_passes or tolerance is not positive.
    """
    return solution_at(problem, priced(problem, InMemory(problem), tolerance, max_passes, warm))


def solution_at(problem: Problem, relaxed: Priced, starts: np.ndarray | None = None) -> Solution:
    """The relaxed plan of a problem at prices that were solved for it, or for one with more pairs.

    starts: where shards begin; as of `shard_starts` by default
    """
    starts = shard_starts(problem.users) if starts is None else starts
    shards = [
        relaxed_plan(blocks_of(shard), len(shard.delivery), relaxed.price, relaxed.gamma)
        for shard in shards_of(problem.pairs, starts)
    ]
    known = {field.name: getattr(relaxed, field.name) for field in fields(Priced)}
    planned, threshold = (np.concatenate(parts) for parts in zip(*shards, strict=True))
    return Solution(**known, threshold=threshold, planned=planned)


def priced(
    problem: Problem,
    passes: Passes,
    tolerance: float,
    max_passes: int,
    warm: Prices | None = None,
    credit: np.ndarray | None = None,
) -> Priced:
    """The prices of the relaxed plan, as in `solve`; of `problem` only the bounds are read, pairs are in `passes`.

    Floors that are proved to exclude each other are priced again at what can be attained of them.

    credit: float64 (groups), what the draw of the exploration delivers of the floors; nothing by default
    """
    if max_passes < 1 or tolerance <= 0:
        raise ValueError("max_passes and tolerance have to be positive.")
    credit = np.zeros(len(problem.groups)) if credit is None else credit
    dual = Dual(problem, passes, attainable_floors(problem, passes.facts, credit))
    best, count = _descend(dual, tolerance, max_passes, warm)
    at_bound, settled = bool(dual.missed_at_bound(best, tolerance).any()), best.merit <= tolerance
    if at_bound:
        count += 1
        if dual.excluded(best):
            prices, gamma = dual.split(best.vector), best.gamma
            dual = Dual(problem, passes, dual.attained(best, tolerance))
            best, more = _descend(dual, tolerance, max_passes, _lowered_alike(dual, prices, gamma, tolerance))
            count += _HALVINGS + more
            at_bound, settled = bool(dual.missed_at_bound(best, tolerance).any()), settled and best.merit <= tolerance
    return Priced(
        prices=dual.split(best.vector),
        price=dual.price(best.vector),
        gamma=best.gamma,
        facts=dual.facts,
        floors=dual.floors,
        response=best.use.response,
        passes=count,
        gap=best.gap,
        violation=best.violation,
        converged=settled and not at_bound,
        unmet=dual.floors.cut,
        max_passes=max_passes,
        warm=warm,
    )


def _lowered_alike(dual: Dual, prices: Prices, gamma: float, tolerance: float) -> Prices:
    """Prices, less as much of those of competing floors as these do not need; takes _HALVINGS passes.

    At all that the floors can attain together, only the differences of their prices matter.
    """
    vector = dual.start(prices)
    competing = dual.competing(vector)
    lowered, enough, too_much = vector, 0.0, dual.elastic
    for _ in range(_HALVINGS):
        by = (enough + too_much) / 2
        ahead = dual.projected(np.where(competing, vector - by, vector))
        gradient = dual.gradient(dual.passed(ahead, gamma).use)
        if np.any(competing & dual.short(gradient, tolerance)):
            too_much = by
        else:
            lowered, enough = ahead, by
    return dual.split(lowered)


def credits_draw(bounds: Problem, relaxed: Priced) -> bool:
    """Whether a floor that planned entries alone have to deliver costs something, and a draw adds to them."""
    asked = bool(np.any(relaxed.prices.group > 0)) or bool(np.any(relaxed.floors.group < bounds.group_floor))
    return bounds.exploration_slots > 0 and asked


def priced_with_draw(bounds: Problem, passes: Passes, relaxed: Priced, drawn: np.ndarray, tolerance: float) -> Priced:
    """The prices of the relaxed plan that delivers what the expected draw leaves of the floors of groups.

    passes: over the pairs that lists are chosen from, with the facts of all pairs
    relaxed: the plan without the draw; drawn: float64 (items), what the draw next to its lists is expected to deliver
    """
    credit = bounds.membership @ drawn
    # The draw was credited in the plan of an earlier night as well.
    start = relaxed.prices if relaxed.warm is None else relaxed.warm
    start = replace(start, group=np.where(credit < bounds.group_floor, start.group, 0.0))
    credited = priced(bounds, passes, tolerance, relaxed.max_passes, start, credit)
    return replace(credited, passes=relaxed.passes + credited.passes)


@dataclass(frozen=True)
class _Descent:
    """A search for prices. best: its best pass, a sharp one before others, then by merit; passes: how many it took."""

    best: Pass
    sharp: bool
    passes: int

    @property
    def rank(self) -> tuple[bool, float]:
        return self.sharp, -self.best.merit

    def arrived(self, tolerance: float) -> bool:
        return self.sharp and self.best.merit <= tolerance


def _descend(dual: Dual, tolerance: float, max_passes: int, warm: Prices | None) -> tuple[Pass, int]:
    """The best pass, and the number of all passes."""
    if warm is None:
        cold = _search(dual, tolerance, max_passes, None)
        return cold.best, cold.passes
    from_warm = _search(dual, tolerance, min(max_passes, WARM_PATIENCE), warm)
    left = max_passes - from_warm.passes
    if from_warm.arrived(tolerance) or not left:
        return from_warm.best, from_warm.passes
    from_zero = _search(dual, tolerance, left, None)
    return max(from_zero, from_warm, key=lambda descent: descent.rank).best, from_warm.passes + from_zero.passes


def _search(dual: Dual, tolerance: float, max_passes: int, warm: Prices | None) -> _Descent:
    last = LAST_GAMMA * dual.scale
    first, lowering = (FIRST_GAMMA * dual.scale, COLD_PASSES) if warm is None else (WARM_FACTOR * last, WARM_PASSES)
    shrink = (last / first) ** (1.0 / (lowering - 1))
    gamma, momentum = first, 1.0
    sharp_gamma = SHARP_GAMMA * dual.scale * (1 + 1e-9) if dual.facts.largest else np.inf
    here = ahead = dual.start(warm)
    steepness, leaps = np.zeros(len(here)), Leaps()
    best: Pass | None = None
    best_sharp = False
    before: Pass | None = None
    for number in range(1, max_passes + 1):
        done = dual.passed(ahead, gamma)
        # Where no bound has a price, or no pair a value, nothing is to sharpen.
        sharp = gamma <= sharp_gamma or np.array_equal(ahead, dual.lowest)
        if best is None or (sharp, -done.merit) > (best_sharp, -best.merit):
            best, best_sharp = done, sharp
        if sharp and done.merit <= tolerance:
            return _Descent(best, sharp, number)
        gradient = dual.gradient(done.use)
        if leaps.origin is not None:
            origin, leaps.origin = leaps.origin, None
            if not leaps.landed(ahead, gradient, origin):
                ahead = origin
                continue
            here, momentum = ahead, 1.0
        steepness = np.maximum(np.maximum(_curvature(dual, done, before), 0.005 * dual.usual / gamma), 0.7 * steepness)
        before = done
        step = np.clip(gradient / np.maximum(2.0 * steepness, 1e-300), -gamma, gamma)
        stepped = dual.projected(ahead - step)
        if dot(gradient, stepped - here) > 0:
            momentum = 1.0
        following = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        ahead = dual.projected(stepped + (momentum - 1.0) / following * (stepped - here))
        here, momentum = stepped, following
        if number < lowering:
            gamma *= shrink
        elif leaps.due(number) and (off := dual.off(ahead, gradient, LEAP_FROM)).any():
            ahead = leaps.begin(ahead, off, gradient, dual.bound)
        elif done.violation <= tolerance and done.slackness <= 0.5 * done.gap:
            # The bounds hold: only the regularisation still keeps the plan from the optimum.
            gamma *= 0.7
    assert best is not None
    return _Descent(best, best_sharp, max_passes)


def _curvature(dual: Dual, done: Pass, before: Pass | None) -> np.ndarray:
    """Curvature of the dual along every price; for groups under list rules, the secant of two passes where smaller.

    Where a rule is full of a group's items, the price of an item moves exposure from it to the others, but that of the
    group moves nothing: the sum of the items' curvatures is far too large, and steps by it are far too short.
    """
    curvature = dual.curvature(done.use)
    if before is None or not len(dual.problem.list_rules):
        return curvature
    moved = np.abs(done.vector - before.vector)
    change = np.abs(dual.gradient(done.use) - dual.gradient(before.use))
    secant = np.divide(change, moved, out=curvature.copy(), where=moved > 1e-12 * dual.top)
    smaller = np.clip(secant, LEAST_SECANT * curvature, curvature)
    return np.where(dual.of_group, smaller, curvature)
