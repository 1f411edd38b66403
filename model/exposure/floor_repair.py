"""Floor repair: swaps that bring the integral lists up to the floors, cheapest first, then entries for empty slots."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from model.exposure.lists import Lists
from model.exposure.remaining_caps import CAP_MARGIN

_ROUNDS = 3
# Failed tries after which a floor counts as out of reach; a try takes some microseconds.
_TRIES = 20_000
_PAIRS_AT_ONCE = 131_072


def repaired(lists: Lists, group_floor: np.ndarray, item_floor: np.ndarray) -> dict[int, int]:
    """Changes `lists` until the floors are met or no swap helps.

    A swap replaces an entry by a candidate of the short group, at the place of its score; the cost is the score given
    up. No swap exceeds a cap of an item or group, breaks a floor that is met, lowers the exposure of one that is not,
    or breaks a list rule. Floors of groups come first, then those of items; in the end, empty slots take the best
    candidates that fit.

    group_floor: float64 (groups); item_floor: float64 (items)
    Returns the pairs swapped in and still listed: pair → index of the group, or the number of groups for an item floor.
    """
    work = _Repair(lists, group_floor, item_floor)
    for _ in range(_ROUNDS):
        before = work.swaps
        for row in range(len(group_floor)):
            if work.group_used[row] < group_floor[row]:
                belongs = work.belonging(row)
                work.lift(belongs, row, np.flatnonzero(belongs[work.problem.item_index]))
        alone = np.zeros(len(work.used), dtype=bool)
        for item in np.flatnonzero(work.used < item_floor):
            alone[item] = True
            work.lift(alone, len(group_floor), work.pairs_of(int(item)))
            alone[item] = False
        if work.swaps == before:
            break
    work.top_up()
    listed = lists.listed
    return {pair: cause for pair, cause in work.cause.items() if listed[pair]}


class _Repair:
    def __init__(self, lists: Lists, group_floor: np.ndarray, item_floor: np.ndarray) -> None:
        self.lists, self.problem = lists, lists.problem
        self.group_floor, self.item_floor = group_floor, item_floor
        self.groups_of = self.problem.membership.tocsc()
        self.group_cap = self.problem.planned_group_cap * (1.0 - CAP_MARGIN)
        self.cap = self.problem.planned_cap * (1.0 - CAP_MARGIN)
        self.used = lists.delivered()
        self.group_used = self.problem.membership @ self.used
        self.cause: dict[int, int] = {}
        self.swaps = 0

    def belonging(self, row: int) -> np.ndarray:
        """bool (items): members of a group."""
        belongs = np.zeros(self.problem.items, dtype=bool)
        belongs[self.problem.groups[row].members] = True
        return belongs

    def short(self, members: np.ndarray, cause: int) -> bool:
        """Whether the floor of the group `cause` is missed, or that of one of the items `members` for an item floor."""
        if cause < len(self.group_floor):
            return bool(self.group_used[cause] < self.group_floor[cause])
        return bool(np.any(self.used[members] < self.item_floor[members]))

    def pairs_of(self, item: int) -> np.ndarray:
        """int: the pairs of an item; the first call indexes those of all items."""
        order, start = self._by_item
        return order[start[item] : start[item + 1]]

    @cached_property
    def _by_item(self) -> tuple[np.ndarray, np.ndarray]:
        count = np.bincount(self.problem.item_index, minlength=self.problem.items)
        return np.argsort(self.problem.item_index, kind="stable"), np.concatenate([[0], np.cumsum(count)])

    def lift(self, belongs: np.ndarray, cause: int, pairs: np.ndarray) -> None:
        """Swaps pairs of items of `belongs` (bool, items) in until their floor is met or none is left."""
        failed, members = 0, np.flatnonzero(belongs)
        for pair in self._cheapest_first(belongs, pairs):
            if failed > _TRIES or not self.short(members, cause):
                return
            if self._swap(int(pair), belongs):
                self.cause[int(pair)] = cause
                self.swaps += 1
            else:
                failed += 1

    def top_up(self) -> None:
        """Fills empty slots with candidates that fit at the place of their score."""
        problem, lists = self.problem, self.lists
        short = lists.length < np.minimum(problem.slots, problem.candidates)
        least = problem.visits[problem.user_index] * problem.position_weights[problem.slots - 1]
        item = problem.item_index
        pair = np.flatnonzero(short[problem.user_index] & ~lists.listed & (self.used[item] + least <= self.cap[item]))
        anything = np.ones(problem.items, dtype=bool)
        for best in pair[np.argsort(-lists.score[pair], kind="stable")]:
            if lists.pair[problem.user_index[best], -1] < 0:
                self._swap(int(best), anything)

    def _cheapest_first(self, belongs: np.ndarray, pair: np.ndarray) -> np.ndarray:
        """Those of the pairs that could enter, by the score that the entry leaving for them would give up."""
        problem, lists = self.problem, self.lists
        pair = pair[self.used[problem.item_index[pair]] < self.cap[problem.item_index[pair]]]
        pair = pair[~lists.listed[pair]]
        parts = [pair[begin : begin + _PAIRS_AT_ONCE] for begin in range(0, len(pair), _PAIRS_AT_ONCE)]
        cost = np.concatenate([*(self._given_up(belongs, part) for part in parts), np.zeros(0)]) - lists.score[pair]
        possible = np.isfinite(cost)
        return pair[possible][np.argsort(cost[possible], kind="stable")]

    def _given_up(self, belongs: np.ndarray, pair: np.ndarray) -> np.ndarray:
        """float64 (pairs): least score of an entry that may leave for the pair, 0 for an empty slot, inf for none."""
        problem, lists, rules = self.problem, self.lists, self.problem.list_rules
        user, item = problem.user_index[pair], problem.item_index[pair]
        row, listed = lists.pair[user], lists.items(user)
        full = rules.remaining(listed, item) <= 0
        leaving = (row >= 0) & ~belongs[listed]
        for codes, is_full in zip(rules.padded, full, strict=True):
            # Only an entry of the same group makes room where the group is full.
            leaving &= ~is_full[:, None] | (codes[listed] == codes[item][:, None])
        given_up = np.where(leaving, lists.score[row], np.inf).min(axis=1)
        empty = (row >= 0).sum(axis=1) < np.minimum(problem.slots, problem.candidates[user])
        return np.where(empty & ~full.any(axis=0), 0.0, given_up)

    def _swap(self, pair: int, belongs: np.ndarray) -> bool:
        problem, score = self.problem, self.lists.score
        user, item = int(problem.user_index[pair]), int(problem.item_index[pair])
        visits, weights = float(problem.visits[user]), problem.position_weights
        if self.used[item] + visits * weights[problem.slots - 1] > self.cap[item]:
            return False
        row = [int(p) for p in self.lists.pair[user] if p >= 0]
        outside = [r for r, p in enumerate(row) if not belongs[problem.item_index[p]]]
        removable: list[int | None] = [*reversed(outside)]
        if len(row) < problem.slots:
            removable.insert(0, None)
        for leaving in removable:
            rest = [p for r, p in enumerate(row) if r != leaving]
            if not problem.list_rules.fits(problem.item_index[np.array(rest, dtype=np.int64)], item):
                continue
            at = next((r for r, p in enumerate(rest) if score[p] < score[pair]), len(rest))
            changed = [*rest[:at], pair, *rest[at:]]
            items = problem.item_index[np.array(row + changed, dtype=np.int64)]
            moved = visits * np.concatenate([-weights[: len(row)], weights[: len(changed)]])
            if self._allowed(items, moved, belongs):
                self.lists.pair[user, : len(changed)] = changed
                return True
        return False

    def _allowed(self, items: np.ndarray, moved: np.ndarray, belongs: np.ndarray) -> bool:
        """Applies the change of exposures if it helps the group, keeps the caps and hurts no other floor."""
        touched, where = np.unique(items, return_inverse=True)
        change = np.bincount(where, moved)
        after = self.used[touched] + change
        if change[belongs[touched]].sum() <= 0 or np.any((after > self.cap[touched]) & (change > 0)):
            return False
        if np.any((after < self.item_floor[touched]) & (change < 0)):
            return False
        of_group = self._of_groups(touched, change)
        # Changes of some 1e-17 are rounding errors of 0.
        group_after = self.group_used + of_group
        if np.any((group_after < self.group_floor) & (of_group < -1e-12)):
            return False
        if np.any((group_after > self.group_cap) & (of_group > 1e-12)):
            return False
        self.used[touched] = after
        self.group_used += of_group
        return True

    def _of_groups(self, items: np.ndarray, change: np.ndarray) -> np.ndarray:
        """float64 (groups): a change of exposures of items, summed up by group."""
        begins, ends = self.groups_of.indptr[items], self.groups_of.indptr[items + 1]
        rows = [self.groups_of.indices[begin:end] for begin, end in zip(begins, ends, strict=True)]
        return np.bincount(
            np.concatenate([*rows, np.zeros(0, dtype=np.int64)]),
            np.repeat(change, ends - begins),
            minlength=len(self.group_used),
        )
