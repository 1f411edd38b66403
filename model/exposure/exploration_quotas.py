"""Which list rules bound the exploration of a user, as groups that are disjoint or nested."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.exposure.lists import Lists
from model.exposure.runs import place_in_run


@dataclass(frozen=True)
class Quotas:
    """Groups of a user that hold fewer items than the slots that are drawn; those of a rule lie within those before it.

    group: int (rules, support), number of the group of a pair under a rule, -1 where the rule cannot be broken
    most: for each rule, int (groups) >= 0: how many items of a group the draw may take
    """

    group: np.ndarray
    most: tuple[np.ndarray, ...]

    @property
    def inside(self) -> np.ndarray:
        """bool (support): the pairs that the quotas of all their groups let in."""
        inside = np.ones(self.group.shape[1], dtype=bool)
        for group, most in zip(self.group, self.most, strict=True):
            inside[group >= 0] &= most[group[group >= 0]] > 0
        return inside

    def only(self, pairs: np.ndarray) -> Quotas:
        """The same groups over some of the pairs; pairs: bool (support)."""
        return Quotas(self.group[:, pairs], self.most)


def quotas_of(lists: Lists, pair: np.ndarray, weight: np.ndarray) -> Quotas:
    """The groups that bound a draw of these pairs, outer rules first.

    Where a group crosses groups of the rules before it, it is cut into one group for each of them, and what is left to
    it is divided among these: an item each as long as it lasts, to those of the largest weight first. So the groups are
    nested whatever the rules are, and no draw breaks one. A user does not explore the items of a group with quota 0.

    pair: int (support), sorted by user; weight: float64 (support) >= 0
    """
    slots, rules = lists.problem.exploration_slots, lists.problem.list_rules
    if slots < 2:  # a single item of a group that is not full breaks no rule
        return Quotas(np.zeros((0, len(pair)), dtype=np.int64), ())
    user, item = lists.problem.user_index[pair].astype(np.int64), lists.problem.item_index[pair]
    left, outer = lists.remaining(pair), user
    groups, quotas = np.full(left.shape, -1), []
    for group, rule in zip(groups, rules.inner_first[::-1], strict=True):
        bound = np.flatnonzero(left[rule] < slots)
        whole = numbered(user[bound], rules.codes[rule][item[bound]])
        group[bound] = numbered(whole, outer[bound])
        quotas.append(_divided(whole, group[bound], left[rule][bound], weight[bound]))
        outer = numbered(outer, group + 1)
    return Quotas(groups, tuple(quotas))


def numbered(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """int64: number of each pair of numbers (>= 0) among the different ones, in their order."""
    key = first.astype(np.int64) * (int(second.max(initial=0)) + 1) + second
    return np.unique(key, return_inverse=True)[1].ravel()


def _divided(whole: np.ndarray, part: np.ndarray, left: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """int (parts): the quota of each part of a group, of what is `left` to the whole.

    whole and part: int (pairs), numbers; left: int (pairs), equal within a whole; weight: float64 (pairs)
    """
    _, first = np.unique(part, return_index=True)
    whole, left, weight = whole[first], left[first], np.bincount(part, weight)
    order = np.lexsort((-weight, whole))
    parts = np.bincount(whole)[whole[order]]
    quota = np.empty(len(first), dtype=np.int64)
    quota[order] = left[order] // parts + (place_in_run(whole[order]) < left[order] % parts)
    return quota
