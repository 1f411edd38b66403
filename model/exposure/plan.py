"""The whole plan of a night: prices, lists, floors, exploration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.exposure.displacement import displaced_by
from model.exposure.dual import Prices
from model.exposure.exploration import drawn, planned_exploration
from model.exposure.feasibility import ITEM_FLOOR, Unmet
from model.exposure.floor_repair import repaired
from model.exposure.group_prices import lists_at_floors
from model.exposure.hashed_random import mixed
from model.exposure.prices import Solution, solve
from model.exposure.problem import Problem


@dataclass(frozen=True)
class Plan:
    """Entries sorted by user and rank, one number each in the arrays:

    user, pair, rank (from 0): int; propensity: float64, 1 for planned entries; explored: bool
    swapped: int, index of the group (number of groups: an item floor) that a swap served, -1 for none
    displaced: int, the pair that the user would see there by value alone, -1 where the entry belongs there by value
    Of the items and groups: delivered and group_delivered, float64, expected delivered exposure of the lists drawn.
    unmet: the floors that the lists miss by more than the tolerance; `possible` is what they deliver.
    """

    solution: Solution
    user: np.ndarray
    pair: np.ndarray
    rank: np.ndarray
    propensity: np.ndarray
    explored: np.ndarray
    swapped: np.ndarray
    displaced: np.ndarray
    delivered: np.ndarray
    group_delivered: np.ndarray
    unmet: tuple[Unmet, ...]


def planned(
    problem: Problem,
    tolerance: float,
    max_passes: int,
    user_seed: np.ndarray,
    item_seed: np.ndarray,
    warm: Prices | None = None,
) -> Plan:
    """Solves, rounds, repairs floors and draws the exploration.

    user_seed, item_seed: uint64; they break ties and draw, so give seeds of names (`chance.seeds_of`).
    No item is delivered more than its cap, in the planned entries or in any draw.
    """
    return rounded_plan(problem, solve(problem, tolerance, max_passes, warm), tolerance, user_seed, item_seed)


def rounded_plan(
    problem: Problem, solution: Solution, tolerance: float, user_seed: np.ndarray, item_seed: np.ndarray
) -> Plan:
    """As `planned`, from a solution of the problem."""
    pair_seed = mixed(user_seed[problem.user_index], item_seed[problem.item_index])
    solution, lists = lists_at_floors(problem, solution, pair_seed)
    causes = repaired(lists, solution.floors.group, solution.floors.item)
    exploration = planned_exploration(lists, mixed(pair_seed, pair_seed))
    chosen = drawn(exploration, problem, user_seed, item_seed)

    user, rank = np.nonzero(lists.pair >= 0)
    explorer = problem.user_index[chosen].astype(np.int64)
    begins = np.flatnonzero(np.diff(explorer, prepend=-1))
    nth = np.arange(len(chosen)) - np.repeat(begins, np.diff(np.append(begins, len(chosen))))
    chance = np.ones(len(problem.item_index))
    chance[exploration.pair] = exploration.probability
    swapped = np.full(len(problem.item_index), -1, dtype=np.int64)
    swapped[list(causes.keys())] = list(causes.values())

    pair = np.concatenate([lists.pair[user, rank], chosen])
    user = np.concatenate([user, explorer])
    rank = np.concatenate([rank, lists.length[explorer] + nth])
    explored = np.arange(len(pair)) >= len(pair) - len(chosen)
    order = np.lexsort((rank, user))
    user, pair, rank, explored = user[order], pair[order], rank[order], explored[order]
    weight = problem.visits[user] * problem.position_weights[rank]
    delivered = np.bincount(problem.item_index[pair], weight, minlength=problem.items)
    group_delivered = problem.membership @ delivered
    return Plan(
        solution=solution,
        user=user,
        pair=pair,
        rank=rank,
        propensity=np.where(explored, np.minimum(chance[pair], 1.0), 1.0),
        explored=explored,
        swapped=swapped[pair],
        displaced=displaced_by(problem, pair, explored),
        delivered=delivered,
        group_delivered=group_delivered,
        unmet=_unmet(problem, solution, delivered, group_delivered, tolerance),
    )


def _unmet(
    problem: Problem, solution: Solution, delivered: np.ndarray, group_delivered: np.ndarray, tolerance: float
) -> tuple[Unmet, ...]:
    floors = [(group.name, group.floor, float(got)) for group, got in zip(problem.groups, group_delivered, strict=True)]
    floors.append((ITEM_FLOOR, float(problem.item_floor.sum()), float(np.minimum(delivered, problem.item_floor).sum())))
    why = {unmet.name: unmet.why for unmet in solution.unmet}
    return tuple(
        Unmet(name, asked, got, why.get(name, "no swap of whole entries brings more"))
        for name, asked, got in floors
        if got < asked * (1 - tolerance)
    )
