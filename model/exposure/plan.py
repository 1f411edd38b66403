"""The plan of a night: prices, lists, floors, exploration."""

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
from model.exposure.runs import place_in_run


@dataclass(frozen=True)
class Plan:
    """The entries of all lists, sorted by user and rank, and what they deliver.

    user, pair, rank (from 0): int (entries); propensity: float64 (entries), 1 for planned ones; explored: bool
    swapped: int (entries), index of the group (number of groups: an item floor) that a swap served, -1 for none
    displaced: int (entries), the pair that the user would see there by value alone, -1 where the entry itself is it
    delivered, group_delivered: float64 (items), (groups), expected delivered exposure of the lists as drawn
    unmet: the floors that the lists miss by more than the tolerance; `possible` is what they deliver
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

    user_seed, item_seed: uint64 (users), (items), break ties and draw: seeds of names (`hashed_random.seeds_of`).
    No item is delivered above its cap, by planned entries or any draw.
    """
    return rounded_plan(problem, solve(problem, tolerance, max_passes, warm), tolerance, user_seed, item_seed)


def rounded_plan(
    problem: Problem, solution: Solution, tolerance: float, user_seed: np.ndarray, item_seed: np.ndarray
) -> Plan:
    """The plan from a solution of the relaxed problem; parameters as in `planned`."""
    pair_seed = mixed(user_seed[problem.user_index], item_seed[problem.item_index])
    solution, lists = lists_at_floors(problem, solution, pair_seed)
    causes = repaired(lists, solution.floors.group, solution.floors.item)
    exploration = planned_exploration(lists, mixed(pair_seed, pair_seed))
    chosen = drawn(exploration, problem, user_seed, item_seed)

    user, rank = np.nonzero(lists.pair >= 0)
    explorer = problem.user_index[chosen].astype(np.int64)
    chance = np.ones(len(problem.item_index))
    chance[exploration.pair] = exploration.probability
    swapped = np.full(len(problem.item_index), -1, dtype=np.int64)
    swapped[list(causes.keys())] = list(causes.values())

    pair = np.concatenate([lists.pair[user, rank], chosen])
    user = np.concatenate([user, explorer])
    rank = np.concatenate([rank, lists.length[explorer] + place_in_run(explorer)])
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
    floors = [
        (group.name, group.floor, float(exposure))
        for group, exposure in zip(problem.groups, group_delivered, strict=True)
    ]
    floors.append((ITEM_FLOOR, float(problem.item_floor.sum()), float(np.minimum(delivered, problem.item_floor).sum())))
    why = {unmet.name: unmet.why for unmet in solution.unmet}
    return tuple(
        Unmet(name, asked, exposure, why.get(name, "no swap of entries delivers more"))
        for name, asked, exposure in floors
        if exposure < asked * (1 - tolerance)
    )
