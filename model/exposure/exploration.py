"""The last slots of a list, drawn at random with known probabilities.

Who may be drawn (the support) is fixed before the draw: an item enters the supports of so many users that its cap holds
even if all of them draw it. Within a user's support the draw is systematic sampling, whose inclusion probabilities are
exact (Madow 1949); items of a group lie together on its line, so no draw breaks a list rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.exposure.hashed_random import mixed, uniform
from model.exposure.lists import Lists
from model.exposure.problem import Problem
from model.exposure.remaining_caps import Room

_ROUNDS = 60


@dataclass(frozen=True)
class Exploration:
    """pair: int (support), sorted by user and pair; user: int (support)
    probability: float64 (support) in (0, 1], with which the pair enters its user's list; whole numbers a user in sum
    """

    pair: np.ndarray
    user: np.ndarray
    probability: np.ndarray


def planned_exploration(lists: Lists, pair_seed: np.ndarray) -> Exploration:
    """The support and its probabilities; pair_seed: uint64 (pairs), decides who may explore a scarce item.

    A pair's probability is proportional to its value plus the mean value of its user's support: better items
    more often, but none less than half as often as in a uniform draw, so that estimates weighted by the inverse
    propensity stay stable. Types that are full in the list are left out; those nearly full get at most the room left.
    """
    problem = lists.problem
    nothing = np.zeros(0, dtype=np.int64)
    if problem.exploration_slots == 0:
        return Exploration(nothing, nothing, np.zeros(0))
    free = _free_pairs(lists)
    pair = _under_caps(lists, free, pair_seed)
    user = problem.user_index[pair].astype(np.int64)
    value = problem.value[pair]
    count = np.maximum(np.bincount(user, minlength=problem.users), 1)
    mean = np.bincount(user, value, minlength=problem.users) / count
    weight = value + mean[user]
    weight[mean[user] == 0] = 1.0
    group, room = _type_rooms(lists, pair, user)
    probability = _inclusion(weight, user, group, room, problem.exploration_slots, problem.users)
    return Exploration(pair, user, probability)


def drawn(exploration: Exploration, problem: Problem, user_seed: np.ndarray, item_seed: np.ndarray) -> np.ndarray:
    """One draw: the pairs that enter, by user and in the random order of their ranks.

    user_seed: uint64 (users); item_seed: uint64 (items). The line on which a user's support lies is shuffled anew for
    every seed, types together, and cut by an independent uniform start.
    """
    if not len(exploration.pair):
        return exploration.pair
    user, item = exploration.user, problem.item_index[exploration.pair]
    type_key = _cells(problem)[item].astype(np.uint64)
    of_user = user_seed[user]
    order = np.lexsort((mixed(of_user, item_seed[item]), mixed(of_user, type_key), user))
    sorted_user = user[order]
    begins = np.flatnonzero(np.diff(sorted_user, prepend=-1))
    ends = np.append(begins[1:], len(order))
    total = np.cumsum(exploration.probability[order])
    base = np.concatenate([[0.0], total[ends[:-1] - 1]])
    along = total - np.repeat(base, ends - begins)
    along[ends - 1] = np.round(along[ends - 1])
    start = uniform(user_seed)[sorted_user]
    passed = np.ceil(along - start)
    before = np.empty_like(passed)
    before[1:] = passed[:-1]
    before[begins] = 0.0
    return exploration.pair[order[passed > before]]


def _free_pairs(lists: Lists) -> np.ndarray:
    """Pairs outside the lists whose type has room in its user's list."""
    problem = lists.problem
    free = np.flatnonzero(~lists.listed & problem.open[problem.item_index])
    return free[_room(lists, free) > 0]


def _room(lists: Lists, pair: np.ndarray) -> np.ndarray:
    """int (pairs given): how many more of the pair's type its user's list can take."""
    problem = lists.problem
    user, item = problem.user_index[pair], problem.item_index[pair]
    room = problem.list_rules.room(lists.items(user), item)
    return np.minimum(room, problem.exploration_slots)


def _cells(problem: Problem) -> np.ndarray:
    """int (items): which items lie together on the line, those of one group; an item without a group alone."""
    alone = problem.list_rules.codes.max(initial=-1) + 1 + np.arange(problem.items)
    if not len(problem.list_rules):
        return alone
    codes = problem.list_rules.codes[0]
    return np.where(codes >= 0, codes, alone)


def _under_caps(lists: Lists, free: np.ndarray, pair_seed: np.ndarray) -> np.ndarray:
    """Free pairs whose exposure fits under the cap left by the lists, even if every one of them were drawn.

    Users come to an item in the order in which it stands in their own shuffled candidates, so that everyone's first
    candidates come before anyone's later ones.
    """
    problem = lists.problem
    user, item = problem.user_index[free], problem.item_index[free]
    shuffled = np.lexsort((pair_seed[free], user))
    position = np.empty(len(free), dtype=np.int64)
    sorted_user = user[shuffled]
    begins = np.flatnonzero(np.diff(sorted_user, prepend=-1))
    position[shuffled] = np.arange(len(free)) - np.repeat(begins, np.diff(np.append(begins, len(free))))
    # The largest weight that a drawn entry can get: it stands right after the planned ones.
    exposure = problem.visits[user] * problem.position_weights[lists.length[user]]
    room = Room(problem, exploration=True)
    delivered = lists.delivered()
    room.take(np.arange(problem.items), delivered)
    precedence = np.empty(len(free), dtype=np.int64)
    precedence[np.lexsort((pair_seed[free], position))] = np.arange(len(free))
    alone = room.fits(item, exposure)
    fits = np.zeros(len(free), dtype=bool)
    fits[alone] = room.admitted(item[alone], exposure[alone], precedence[alone])
    return np.sort(free[fits])


def _type_rooms(lists: Lists, pair: np.ndarray, user: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The group (user and type; alone where the type is unknown) of each pair, and the room of each group."""
    problem = lists.problem
    item = problem.item_index[pair]
    cell = _cells(problem)
    _, first, group = np.unique(user * (cell.max() + 1) + cell[item], return_index=True, return_inverse=True)
    return group, np.minimum(_room(lists, pair)[first], problem.exploration_slots)


def _inclusion(
    weight: np.ndarray, user: np.ndarray, group: np.ndarray, room: np.ndarray, slots: int, users: int
) -> np.ndarray:
    """Probabilities proportional to weight that sum to `slots` a user, at most 1 a pair and `room` a group.

    Where the support cannot fill the slots, every group is at its room or every pair of it at 1, so sums are whole.
    """
    probability = np.zeros(len(weight))
    fixed = np.zeros(len(weight), dtype=bool)
    for _ in range(_ROUNDS):
        missing = slots - np.bincount(user[fixed], probability[fixed], minlength=users)
        open_weight = np.bincount(user[~fixed], weight[~fixed], minlength=users)
        factor = np.maximum(missing, 0.0) / np.where(open_weight > 0, open_weight, 1.0)
        probability[~fixed] = (weight * factor[user])[~fixed]
        over = ~fixed & (probability >= 1.0)
        probability[over] = 1.0
        total = np.bincount(group, probability, minlength=len(room))
        crowded = total >= room
        inside = crowded[group] & ~fixed
        probability[crowded[group]] *= (room / np.maximum(total, 1e-300))[group[crowded[group]]]
        settled = over | inside
        if not settled.any():
            break
        fixed |= settled
    return probability
