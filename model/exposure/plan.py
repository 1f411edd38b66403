"""The plan of a night: prices, lists, floors, exploration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np

from model.exposure.budgeted_shards import Budgets, RelaxedShard, Rounded, demand_of_stretch, rounded_shard
from model.exposure.dual import Prices
from model.exposure.feasibility import ITEM_FLOOR, Unmet
from model.exposure.group_prices import Trial, prices_at_floors, total_trial
from model.exposure.list_prices import ListPrices, undithered
from model.exposure.passes import InMemory, shard_starts, shards_a_stretch, stretches_of
from model.exposure.prices import Priced, Solution, credits_draw, priced_with_draw, solution_at, solve
from model.exposure.problem import Problem
from model.exposure.shard_lists import Entries, Shard, joined_entries


@dataclass(frozen=True)
class Plan:
    """What the lists of all shoppers deliver, and at which prices.

    solution: the prices at which the lists were rounded
    delivered, group_delivered: float64 (items), (groups), expected delivered exposure of the lists as drawn
    group_expected: float64 (groups), the same over all outcomes of the draw: what floors of groups are about
    unmet: the floors that the lists miss by more than the tolerance; `possible` is what they deliver
    """

    solution: Priced
    delivered: np.ndarray
    group_delivered: np.ndarray
    group_expected: np.ndarray
    unmet: tuple[Unmet, ...]


@dataclass(frozen=True)
class ListedPlan(Plan):
    """A plan with the entries of all lists; users and pairs are those of the problem."""

    entries: Entries


def planned(
    problem: Problem,
    tolerance: float,
    max_passes: int,
    user_seed: np.ndarray,
    item_seed: np.ndarray,
    warm: Prices | None = None,
) -> ListedPlan:
    """Solves, rounds, repairs floors and draws the exploration, which counts towards the floors of groups.

    user_seed, item_seed: uint64 (users), (items), break ties and draw: seeds of names (`hashed_random.seeds_of`).
    No item is delivered above its cap, by planned entries or any draw.
    """
    return rounded_plan(problem, solve(problem, tolerance, max_passes, warm), tolerance, user_seed, item_seed)


def rounded_plan(
    problem: Problem,
    solution: Solution,
    tolerance: float,
    user_seed: np.ndarray,
    item_seed: np.ndarray,
    starts: np.ndarray | None = None,
) -> ListedPlan:
    """The plan from a solution of the relaxed problem; parameters as in `planned`, `starts` as of `shard_starts`."""
    starts = shard_starts(problem.users) if starts is None else starts
    plan, parts = rounded_shards(problem, solution, tolerance, user_seed, item_seed, starts)
    entries = joined_entries([of_shard for _, of_shard in parts], starts[:-1], problem.user_start[starts[:-1]])
    return ListedPlan(**{field.name: getattr(plan, field.name) for field in fields(Plan)}, entries=entries)


def rounded_shards(
    problem: Problem,
    solution: Solution,
    tolerance: float,
    user_seed: np.ndarray,
    item_seed: np.ndarray,
    starts: np.ndarray,
) -> tuple[Plan, list[tuple[RelaxedShard, Entries]]]:
    """The plan, and every shard with the entries of its lists; parameters as in `rounded_plan`."""
    rounding = RoundingInMemory(problem, solution, user_seed, item_seed, starts)
    if credits_draw(problem, solution):
        drawn = rounding.trial(undithered(solution.price)).drawn
        credited = priced_with_draw(problem, InMemory(problem, starts, solution.facts), solution, drawn, tolerance)
        solution = solution_at(problem, credited, starts)
        rounding = RoundingInMemory(problem, solution, user_seed, item_seed, starts)
    moved, price, trial = prices_at_floors(problem, solution, rounding.trial)
    entries = list(rounding.finished(price, trial))
    plan = plan_at(problem, moved, rounding.delivered(entries), rounding.expected(entries), tolerance)
    return plan, list(zip(rounding.parts, entries, strict=True))


def plan_at(bounds: Problem, solution: Priced, delivered: np.ndarray, expected: np.ndarray, tolerance: float) -> Plan:
    """The plan whose lists deliver these exposures; of `bounds` only the bounds are read.

    delivered, expected: float64 (items), of the lists as drawn, and over all outcomes of the draw
    """
    of_groups = bounds.membership @ expected
    unmet = _unmet(bounds, solution, delivered, of_groups, tolerance)
    return Plan(solution, delivered, bounds.membership @ delivered, of_groups, unmet)


class RoundingInMemory:
    """Rounds the shards of a problem whose pairs lie in memory."""

    def __init__(
        self, problem: Problem, solution: Solution, user_seed: np.ndarray, item_seed: np.ndarray, starts: np.ndarray
    ) -> None:
        """solution: the relaxed plan of the problem; other parameters as in `rounded_plan`"""
        self.parts = list(_parts(problem, solution, user_seed, starts))
        self.stretch = shards_a_stretch(len(self.parts))
        demands = [demand_of_stretch(part, problem.items) for part in stretches_of(self.parts, self.stretch)]
        self.budgets = Budgets(problem, solution, demands, len(self.parts), item_seed)
        self._newest: tuple[ListPrices, Rounded] | None = None

    def trial(self, price: ListPrices, with_draw: bool = True) -> Trial:
        """What the lists deliver that are rounded at these prices.

        with_draw: looks at the draw next to them
        """
        stretches = enumerate(stretches_of(self.parts, self.stretch))
        trials = (self.budgets.trial(number, shards, price, with_draw, self._lists_of) for number, shards in stretches)
        return total_trial(trials, self.budgets.bounds.items)

    def finished(self, price: ListPrices, trial: Trial) -> Iterator[Entries]:
        """The entries of every shard's lists at these prices; trial: at the same prices."""
        for number, shards in enumerate(stretches_of(self.parts, self.stretch)):
            for _, entries in self.budgets.entries(number, shards, price, trial, self._lists_of):
                yield entries

    def _lists_of(self, shard: Shard, price: ListPrices) -> Rounded:
        """The lists of a shard; those of a single shard are kept for `finished` at the prices of the last trial."""
        if self._newest is not None and self._newest[0] is price:
            return self._newest[1]
        lists = rounded_shard(shard, price)
        self._newest = (price, lists) if len(self.parts) == 1 else None
        return lists

    def delivered(self, entries: Sequence[Entries]) -> np.ndarray:
        """float64 (items): expected delivered exposure of all lists as drawn. entries: of every shard"""
        return self._total(of_shard.delivered(part.problem) for of_shard, part in zip(entries, self.parts, strict=True))

    def expected(self, entries: Sequence[Entries]) -> np.ndarray:
        """float64 (items): the same over all outcomes of the draw."""
        return self._total(of_shard.expected for of_shard in entries)

    def _total(self, of_shards: Iterable[np.ndarray]) -> np.ndarray:
        items = self.budgets.bounds.items
        return total_delivered((total_delivered(part, items) for part in stretches_of(of_shards, self.stretch)), items)


def total_delivered(parts: Iterable[np.ndarray], items: int) -> np.ndarray:
    """float64 (items): the sum of exposures, in their order."""
    total = np.zeros(items)
    for part in parts:
        total += part
    return total


def _parts(problem: Problem, solution: Solution, user_seed: np.ndarray, starts: np.ndarray) -> Iterator[RelaxedShard]:
    for number, (begin, end) in enumerate(pairwise(starts.tolist())):
        first, last = problem.user_start[begin], problem.user_start[end]
        of_users, of_pairs = slice(begin, end), slice(first, last)
        yield RelaxedShard(
            number,
            replace(
                problem,
                user_start=problem.user_start[begin : end + 1] - first,
                item_index=problem.item_index[of_pairs],
                value=problem.value[of_pairs],
                visits=problem.visits[of_users],
            ),
            solution.planned[of_pairs],
            solution.threshold[of_users],
            user_seed[of_users],
        )


def _unmet(
    problem: Problem, solution: Priced, delivered: np.ndarray, of_groups: np.ndarray, tolerance: float
) -> tuple[Unmet, ...]:
    floors = [
        (group.name, group.floor, float(exposure)) for group, exposure in zip(problem.groups, of_groups, strict=True)
    ]
    floors.append((ITEM_FLOOR, float(problem.item_floor.sum()), float(np.minimum(delivered, problem.item_floor).sum())))
    why = {unmet.name: unmet.why for unmet in solution.unmet}
    return tuple(
        Unmet(name, asked, exposure, why.get(name, "no swap of entries delivers more"))
        for name, asked, exposure in floors
        if exposure < asked * (1 - tolerance)
    )
