"""Shards under their budgets, stretch by stretch: the same in memory and on executors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from model.exposure.budgets import (
    CapBudgets,
    Caps,
    Running,
    demand_of,
    floors_of_shard,
    largest_entry,
    nothing,
    share,
    under_caps,
)
from model.exposure.exploration import Exploration
from model.exposure.feasibility import Floors
from model.exposure.group_prices import Trial, total_trial
from model.exposure.list_prices import ListPrices
from model.exposure.lists import Lists
from model.exposure.prices import Priced
from model.exposure.problem import Problem
from model.exposure.shard_lists import Entries, Shard, finished

# Lots by which a shard may be ahead of its turn: what is scarce must not wait for those who want it less.
LOTS_AHEAD = 1.0


@dataclass(frozen=True)
class RelaxedShard:
    """Users with the pairs that their lists need, and what the relaxed plan gives them.

    number: of the shard among all; problem: under the bounds of all shards
    planned: float64 (pairs), r in [0, 1]; threshold: float64 (users), the price of a slot
    user_seed: uint64 (users), seeds of names (`hashed_random.seeds_of`)
    """

    number: int
    problem: Problem
    planned: np.ndarray
    threshold: np.ndarray
    user_seed: np.ndarray


Relaxed = TypeVar("Relaxed", bound=RelaxedShard)


@dataclass(frozen=True)
class Rounded:
    """The lists of a shard at some prices, before floors are looked at."""

    shard: Shard
    lists: Lists

    @cached_property
    def exploration(self) -> Exploration:
        """What the draw next to the lists may show."""
        return self.shard.exploration(self.lists)

    def trial(self, with_draw: bool = True) -> Trial:
        """What they deliver; with_draw: looks at the draw, which else delivers nothing."""
        drawn = self.exploration.expected(self.lists) if with_draw else np.zeros(self.shard.problem.items)
        return Trial(self.lists.delivered(), drawn, self.lists.value())


def rounded_shard(shard: Shard, price: ListPrices) -> Rounded:
    """The lists of a shard at some prices."""
    return Rounded(shard, shard.rounded(price))


Round = Callable[[Shard, ListPrices], Rounded]


def demand_of_stretch(shards: Iterable[RelaxedShard], items: int) -> Running:
    """The sums over the shards of a stretch, in their order."""
    total = nothing(items)
    for shard in shards:
        total = total.plus(demand_of(shard.problem, shard.planned))
    return total


class Budgets:
    """What shards have to know of each other to make lists that keep the bounds together."""

    def __init__(
        self, bounds: Problem, relaxed: Priced, demands: Sequence[Running], shards: int, item_seed: np.ndarray
    ) -> None:
        """bounds: the problem, of which only the bounds are read; demands: of every stretch, in order

        shards: number of all shards; item_seed: uint64 (items)
        """
        self.bounds, self.shards, self.item_seed = bounds, shards, item_seed
        self.floors: Floors = relaxed.floors
        self.lot = largest_entry(bounds, relaxed.facts.busiest)
        self.before = [nothing(bounds.items)]
        for demand in demands:
            self.before.append(self.before[-1].plus(demand))
        self.total = self.before[-1]
        self.caps = CapBudgets(bounds, self.total, self.lot, item_seed)

    def trial(
        self,
        stretch: int,
        shards: Iterable[RelaxedShard],
        price: ListPrices,
        with_draw: bool,
        lists_of: Round = rounded_shard,
    ) -> Trial:
        """What the lists of a stretch's shards deliver that are rounded at some prices.

        with_draw: looks at the draw next to them
        """
        run, items = _Run(self, stretch), self.bounds.items

        def trials() -> Iterator[Trial]:
            for relaxed in shards:
                trial = lists_of(run.shard(relaxed), price).trial(with_draw)
                run.spend(trial.delivered, trial.expected)
                yield trial

        return total_trial(trials(), items)

    def entries(
        self, stretch: int, shards: Iterable[Relaxed], price: ListPrices, trial: Trial, lists_of: Round = rounded_shard
    ) -> Iterator[tuple[Relaxed, Entries]]:
        """The shards of a stretch with their lists after repair and exploration.

        trial: what the lists of all shards deliver at these prices before it
        """
        run = _Run(self, stretch)
        for relaxed in shards:
            shard = run.shard(relaxed)
            rounded = lists_of(shard, price)
            floors = run.floors(rounded, trial)
            entries = finished(shard, rounded.lists, rounded.exploration, *floors)
            planned = rounded.lists.delivered()
            run.spend(planned, entries.delivered(shard.problem))
            run.meet(planned, entries.expected)
            yield relaxed, entries


class _Run:
    """Budgets along the shards of a stretch. A single shard of all has the bounds themselves."""

    def __init__(self, budgets: Budgets, stretch: int) -> None:
        self.budgets, self.before, self.within = budgets, budgets.before[stretch], nothing(budgets.bounds.items)
        self.alone = budgets.shards == 1
        self.here = self.before
        last = stretch == len(budgets.before) - 2
        self.begin = budgets.caps.up_to(self.before)
        self.end = budgets.caps.up_to(None if last else budgets.before[stretch + 1])
        self.after: Running | None = self.before
        items, groups = budgets.bounds.items, len(budgets.bounds.groups)
        self.spent = Caps(np.zeros(items), np.zeros(groups), np.zeros(items), np.zeros(groups))
        self.item_lack, self.group_lack = np.zeros(items), np.zeros(groups)

    def shard(self, relaxed: RelaxedShard) -> Shard:
        """The next shard, under what is left of the caps of the stretch up to it."""
        budgets, problem = self.budgets, relaxed.problem
        self.here = self.before.plus(self.within)
        self.within = self.within.plus(demand_of(problem, relaxed.planned))
        last = relaxed.number == budgets.shards - 1
        self.after = None if last else self.before.plus(self.within)
        if not self.alone:
            up_to_here = budgets.caps.up_to(self.after).plus(LOTS_AHEAD * budgets.lot).at_most(self.end)
            problem = under_caps(problem, up_to_here.less(self.begin).less(self.spent))
        return Shard(problem, relaxed.threshold, relaxed.user_seed, budgets.item_seed)

    def spend(self, planned: np.ndarray, drawn: np.ndarray) -> None:
        """Counts what the shard's lists deliver, float64 (items): planned entries, and the lists as drawn."""
        member, spent = self.budgets.bounds.membership, self.spent
        self.spent = Caps(
            spent.item + drawn,
            spent.group + member @ drawn,
            spent.planned_item + planned,
            spent.planned_group + member @ planned,
        )

    def floors(self, rounded: Rounded, of_all: Trial) -> tuple[np.ndarray, np.ndarray]:
        """Floors of groups and items of the shard, those of groups with what the draw is expected to deliver.

        rounded: its lists before repair; of_all: what those of all shards deliver before repair
        """
        budgets = self.budgets
        if self.alone:
            return budgets.floors.group, budgets.floors.item
        trial = rounded.trial()
        member, total = budgets.bounds.membership, budgets.total.offered
        before, after = self.here.offered, (self.after or budgets.total).offered
        group = floors_of_shard(
            budgets.floors.group,
            member @ trial.expected,
            member @ of_all.expected,
            share(member @ before, member @ total),
            share(member @ after, member @ total),
            budgets.lot,
        )
        item = floors_of_shard(
            budgets.floors.item,
            trial.delivered,
            of_all.delivered,
            share(before, total),
            share(after, total),
            budgets.lot,
        )
        # What earlier shards of the stretch missed is asked of this one, and what they gave too much is not.
        self.group_lack, self.item_lack = self.group_lack + group, self.item_lack + item
        return np.maximum(self.group_lack, 0.0), np.maximum(self.item_lack, 0.0)

    def meet(self, planned: np.ndarray, expected: np.ndarray) -> None:
        """Counts what the shard delivers to floors, float64 (items): by planned entries, and with the expected draw."""
        self.group_lack = self.group_lack - self.budgets.bounds.membership @ expected
        self.item_lack = self.item_lack - planned
