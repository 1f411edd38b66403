"""The last slots of a list, drawn at random with known probabilities.

Who may be drawn (the support) is fixed before the draw: an item enters the supports of so many users that its cap holds
even if all of them draw it, and a list rule that could be broken bounds the probabilities of its items. Within a user's
support the draw is systematic sampling, whose inclusion probabilities are exact (Madow 1949); items of a group that is
bounded lie together on its line, so no draw takes more of them than the rules leave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.exposure.exploration_quotas import Quotas, quotas_of
from model.exposure.hashed_random import mixed, shuffled_within, uniform
from model.exposure.lists import Lists
from model.exposure.problem import Problem
from model.exposure.remaining_caps import RemainingCaps
from model.exposure.runs import place_in_run, run_starts

# Probabilities of a group add up to its quota less this share, so that rounding errors of sums never add a draw. In
# exchange, one list in a thousand million has a slot empty.
_MARGIN = 1e-9


@dataclass(frozen=True)
class Exploration:
    """pair: int (support), sorted by user and pair; user: int (support)
    probability: float64 (support) in (0, 1], with which the pair enters its user's list
    quotas: groups of the support of which the draw takes a few at most
    """

    pair: np.ndarray
    user: np.ndarray
    probability: np.ndarray
    quotas: Quotas

    def expected(self, lists: Lists) -> np.ndarray:
        """float64 (items): expected delivered exposure of the draw over all its outcomes. lists: those it follows

        A user's probabilities add up to the number of entries drawn, and an entry is as likely at each of their ranks.
        """
        problem = lists.problem
        if not len(self.pair):
            return np.zeros(problem.items)
        total = np.concatenate([[0.0], np.cumsum(problem.position_weights)])
        entries = np.rint(np.bincount(self.user, self.probability, minlength=problem.users)).astype(np.int64)
        weight = (total[lists.length + entries] - total[lists.length]) / np.maximum(entries, 1)
        exposure = self.probability * (problem.visits * weight)[self.user]
        return np.bincount(problem.item_index[self.pair], exposure, minlength=problem.items)


def planned_exploration(lists: Lists, pair_seed: np.ndarray) -> Exploration:
    """The support and its probabilities; pair_seed: uint64 (pairs), decides which users may explore a scarce item.

    A pair's probability is proportional to its value plus the mean value of its user's support: better items more
    often, but none less than half as often as in a uniform draw, so that inverse propensity weights stay bounded. Items
    whose group is full in the list are left out; the probabilities of a group that is nearly full add up to what is
    left of it.
    """
    problem = lists.problem
    pair = _under_caps(lists, _free_pairs(lists), pair_seed)
    user = problem.user_index[pair].astype(np.int64)
    quotas = quotas_of(lists, pair, problem.value[pair])
    inside = quotas.inside
    pair, user, quotas = pair[inside], user[inside], quotas.only(inside)
    probability = _probabilities(_weights(user, problem.value[pair]), user, quotas, problem)
    return Exploration(pair, user, probability, quotas)


def drawn(exploration: Exploration, problem: Problem, user_seed: np.ndarray, item_seed: np.ndarray) -> np.ndarray:
    """One draw: the pairs that enter, by user and in the random order of their ranks.

    user_seed: uint64 (users); item_seed: uint64 (items). The line on which a user's support lies is shuffled with every
    seed, the items of a bounded group together, and cut by an independent uniform start.
    """
    if not len(exploration.pair):
        return exploration.pair
    of_user = user_seed[exploration.user]
    # From the inside outwards: an item that a rule does not bound is placed by its inner groups, or alone.
    of_pair = mixed(of_user, item_seed[problem.item_index[exploration.pair]])
    key, keys = of_pair, [of_pair]
    for group in exploration.quotas.group[::-1]:
        key = np.where(group >= 0, mixed(of_user, group.astype(np.uint64)), key)
        keys.append(key)
    order = np.lexsort((*keys, exploration.user))
    user, probability = exploration.user[order], exploration.probability[order]
    passed = np.ceil(_running_sum(user, probability) - uniform(user_seed)[user])
    before = np.roll(passed, 1)
    before[run_starts(user)] = 0.0
    chosen = order[passed > before]
    # An item that takes much of the line is likely in its middle: shuffled again, it is as likely at every rank.
    return exploration.pair[chosen[np.lexsort((mixed(of_pair[chosen], of_user[chosen]), exploration.user[chosen]))]]


def _running_sum(user: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """float64: of each user the running sum of probabilities; users lie one after the other."""
    number = np.cumsum(np.diff(user, prepend=user[0]) > 0)
    mean = (np.bincount(number, probability) / np.bincount(number))[number]
    # Deviations from the mean: their running sum stays small over millions of users, and so do its errors.
    total = np.cumsum(probability - mean)
    place = place_in_run(user)
    base = np.where(place == 0, total - (probability - mean), 0.0)[run_starts(user)][number]
    return total - base + mean * (place + 1)


def _free_pairs(lists: Lists) -> np.ndarray:
    """Pairs of drawable items outside the lists that break no rule next to them; none where no slot is explored."""
    problem = lists.problem
    if problem.exploration_slots == 0:
        return np.zeros(0, dtype=np.int64)
    free = np.flatnonzero(~lists.listed & problem.drawable[problem.item_index])
    return free[(lists.remaining(free) > 0).all(axis=0)]


def _under_caps(lists: Lists, free: np.ndarray, pair_seed: np.ndarray) -> np.ndarray:
    """Free pairs whose exposure fits under the cap left by the lists, even if every one of them were drawn.

    Pairs are admitted by their place among the shuffled candidates of their user: first candidates of all users come
    before second ones.
    """
    problem = lists.problem
    user, item = problem.user_index[free], problem.item_index[free]
    shuffled = shuffled_within(user, pair_seed[free])
    position = np.empty(len(free), dtype=np.int64)
    position[shuffled] = place_in_run(user[shuffled])
    # The largest weight that a drawn entry can get: right after the planned ones.
    exposure = problem.visits[user] * problem.position_weights[lists.length[user]]
    caps = RemainingCaps(problem, exploration=True)
    caps.take(np.arange(problem.items), lists.delivered())
    precedence = np.empty(len(free), dtype=np.int64)
    precedence[shuffled_within(position, pair_seed[free])] = np.arange(len(free))
    alone = caps.fits(item, exposure)
    fits = np.zeros(len(free), dtype=bool)
    fits[alone] = caps.admitted(item[alone], exposure[alone], precedence[alone])
    return np.sort(free[fits])


def _weights(user: np.ndarray, value: np.ndarray) -> np.ndarray:
    """float64 (support) > 0: value plus the mean value of the user's support."""
    mean = np.bincount(user, value) / np.maximum(np.bincount(user), 1)
    return np.where(mean[user] > 0, value + mean[user], 1.0)


def _probabilities(weight: np.ndarray, user: np.ndarray, quotas: Quotas, problem: Problem) -> np.ndarray:
    """Proportional to weight as far as 1 a pair, the quotas of groups and the slots of a user allow.

    The sum of a user is the most that can be drawn, up to the slots: every group is at its quota or all in it at 1.
    """
    probability = np.ones(len(weight))
    for group, most in zip(quotas.group[::-1], quotas.most[::-1], strict=True):  # inner groups first
        bound = np.flatnonzero(group >= 0)
        probability[bound] = _shared_out(weight[bound], probability[bound], group[bound], most)
    slots = np.full(problem.users, problem.exploration_slots)
    return _shared_out(weight, probability, user, slots)


def _shared_out(weight: np.ndarray, most: np.ndarray, group: np.ndarray, quota: np.ndarray) -> np.ndarray:
    """float64: `most` where a group's fit its quota, else min(most, weight times a factor of the group) that sum to it.

    weight, most: float64 (entries) > 0; group: int (entries); quota: int (groups)
    """
    quota = quota * (1.0 - _MARGIN)
    at_most = np.bincount(group, most, minlength=len(quota))[group] <= quota[group]
    while True:
        left = quota - np.bincount(group[at_most], most[at_most], minlength=len(quota))
        sharing = np.bincount(group[~at_most], weight[~at_most], minlength=len(quota))
        share = weight * (left / np.where(sharing > 0, sharing, 1.0))[group]
        over = ~at_most & (share >= most)
        if not over.any():
            return np.where(at_most, most, share)
        at_most |= over
