"""One pass over a block of users: given the items' prices, what each user's slots take.

A user maximises Σ (s·x - gamma/2·x²) over 0 <= x <= 1, Σ x <= slots, with s = value - price. The solution is
x = clip((s - t)/gamma, 0, 1) with the least t >= 0 that fits the slots. Only users whose x would break a list rule take
the slower way over `rule_thresholds`. All functions here are pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from model.exposure.list_rules import ListRules
from model.exposure.rule_thresholds import fill_under_rules
from model.exposure.thresholds import FAR, Filled, fill_slots
from model.sums import dot

BLOCK_USERS = 1_024


@dataclass(frozen=True)
class UserPairs:
    """Some users with all their pairs.

    user_start: int (users + 1), where the pairs of a user lie; item_index: int (pairs), sorted within a user
    value: float64 (pairs); delivery: float64 (users), exposures delivered by a pair with r = 1
    slots: slots of each user; list_rules: what one list may hold
    """

    user_start: np.ndarray
    item_index: np.ndarray
    value: np.ndarray
    delivery: np.ndarray
    slots: int
    list_rules: ListRules

    def part(self, begin: int, end: int) -> UserPairs:
        """The users begin : end."""
        first, last = self.user_start[begin], self.user_start[end]
        start = self.user_start[begin : end + 1] - first
        of_users = slice(first, last)
        item, value = self.item_index[of_users], self.value[of_users]
        return UserPairs(start, item, value, self.delivery[begin:end], self.slots, self.list_rules)


@dataclass(frozen=True)
class Block:
    """Users as rows, padded to one width.

    row and count: int (users), which user it is and how many pairs they have
    value: float64 (users, width), 0 in the padding; item: int (users, width), the number of items in the padding
    delivery: float64 (users); slots: slots of each user; list_rules: what one list may hold
    """

    row: np.ndarray
    count: np.ndarray
    value: np.ndarray
    item: np.ndarray
    delivery: np.ndarray
    slots: int
    list_rules: ListRules


@dataclass(frozen=True)
class Use:
    """What a block takes at given prices; sums of blocks are uses too.

    used: float64 (items), expected delivered exposure; curvature: float64 (items), its slope against the price
    response: Σ v·x·d; upper: the users' part of the dual without regularisation
    """

    used: np.ndarray
    curvature: np.ndarray
    response: float
    upper: float


def blocks_of(pairs: UserPairs) -> Iterator[Block]:
    """The users with candidates in fixed blocks, in order."""
    candidates = np.diff(pairs.user_start)
    users = np.flatnonzero(candidates)
    for begin in range(0, len(users), BLOCK_USERS):
        chosen = users[begin : begin + BLOCK_USERS]
        first, count = pairs.user_start[chosen], candidates[chosen]
        column = np.arange(max(int(count.max()), pairs.slots))
        place = np.minimum(first[:, None] + column, len(pairs.item_index) - 1)
        inside = column < count[:, None]
        value = np.where(inside, pairs.value[place], 0.0)
        item = np.where(inside, pairs.item_index[place], np.int32(pairs.list_rules.items))
        yield Block(chosen, count, value, item, pairs.delivery[chosen], pairs.slots, pairs.list_rules)


def use_of(blocks: Iterable[Block], price: np.ndarray, gamma: float) -> Use:
    """The use of the blocks of a shard, added up in order; price: float64 (items), gamma: the regularisation, in units
    of value.

    Users who would break a list rule are gathered over the blocks: their slower way has a cost for each call.
    """
    return total_use(_uses(blocks, price, gamma), len(price))


def plan_of(block: Block, price: np.ndarray, gamma: float) -> tuple[np.ndarray, np.ndarray]:
    """Planned exposure r of the block's pairs, float64 in the order of the pairs, and each user's threshold t."""
    planned, threshold = np.zeros(block.item.size), np.zeros(len(block.row))
    by_slots, breaking = _taken_by_slots(block, price, gamma)
    under_rules = [_taken_under_rules(block, breaking, price, gamma)] if len(breaking) else []
    for taken in (by_slots, *under_rules):
        planned[taken.place] = taken.filled.x.ravel()[taken.at]
        threshold[taken.user] = taken.filled.threshold
    inside = np.arange(block.item.shape[1]) < block.count[:, None]
    return planned.reshape(block.item.shape)[inside], threshold


def total_use(parts: Iterable[Use], items: int) -> Use:
    """The sum of uses, in their order."""
    used, curvature, response, upper = np.zeros(items), np.zeros(items), 0.0, 0.0
    for part in parts:
        used += part.used
        curvature += part.curvature
        response += part.response
        upper += part.upper
    return Use(used, curvature, response, upper)


@dataclass(frozen=True)
class _Taken:
    """Entries of some users and what they take of them.

    user: int (users), rows of the block; score and item: (users, width), as in a block; filled: what is taken
    place: int (pairs), where each lies in the block, at: where it lies here
    """

    user: np.ndarray
    score: np.ndarray
    item: np.ndarray
    place: np.ndarray
    at: np.ndarray
    filled: Filled


def _taken_by_slots(block: Block, price: np.ndarray, gamma: float) -> tuple[_Taken, np.ndarray]:
    """What users take under their slots alone, 0 for those who would break a list rule; int: rows of these."""
    net, top = _net_values(block, price)
    score, item, place, at = _near(block, net, top[:, 0], gamma)
    filled = fill_slots(score, top, block.slots, gamma)
    breaking = np.flatnonzero(block.list_rules.may_break(filled.x, item))
    for array in (filled.x, filled.slope, filled.upper):
        array[breaking] = 0.0
    return _Taken(np.arange(len(net)), score, item, place, at, filled), breaking


def _taken_under_rules(block: Block, rows: np.ndarray, price: np.ndarray, gamma: float) -> _Taken:
    """What the users of some rows take under slots and list rules."""
    item, width = block.item[rows], block.item.shape[1]
    score = block.value[rows] - np.append(price, FAR).take(item)
    place = (rows[:, None] * width + np.arange(width)).ravel()
    filled = fill_under_rules(score, item, block.slots, gamma, block.list_rules)
    return _Taken(rows, score, item, place, np.arange(len(place)), filled)


def _rows_of(block: Block, rows: np.ndarray) -> Block:
    row, count, delivery = block.row[rows], block.count[rows], block.delivery[rows]
    return Block(row, count, block.value[rows], block.item[rows], delivery, block.slots, block.list_rules)


def _joined(blocks: Sequence[Block]) -> Iterator[Block]:
    """The users of blocks in order, BLOCK_USERS at a time."""
    if not blocks:
        return
    first, width = blocks[0], max(block.item.shape[1] for block in blocks)
    padding = [((0, 0), (0, width - block.item.shape[1])) for block in blocks]
    none = first.list_rules.items
    value = np.concatenate([np.pad(block.value, pad) for block, pad in zip(blocks, padding, strict=True)])
    item = np.concatenate(
        [np.pad(block.item, pad, constant_values=none) for block, pad in zip(blocks, padding, strict=True)]
    )
    row, count, delivery = (
        np.concatenate([getattr(block, name) for block in blocks]) for name in ("row", "count", "delivery")
    )
    for begin in range(0, len(row), BLOCK_USERS):
        part = slice(begin, begin + BLOCK_USERS)
        yield Block(row[part], count[part], value[part], item[part], delivery[part], first.slots, first.list_rules)


def _uses(blocks: Iterable[Block], price: np.ndarray, gamma: float) -> Iterator[Use]:
    breaking: list[Block] = []
    for block in blocks:
        taken, rows = _taken_by_slots(block, price, gamma)
        yield _use(taken, block.delivery, price, gamma)
        if len(rows):
            breaking.append(_rows_of(block, rows))
    for block in _joined(breaking):
        taken = _taken_under_rules(block, np.arange(len(block.row)), price, gamma)
        yield _use(taken, block.delivery, price, gamma)


def _use(taken: _Taken, delivery: np.ndarray, price: np.ndarray, gamma: float) -> Use:
    items, filled, delivery = len(price), taken.filled, delivery[taken.user]
    item, slope = taken.item.ravel(), filled.slope * (delivery / gamma)[:, None]
    used = np.bincount(item, (filled.x * delivery[:, None]).ravel(), minlength=items + 1)[:items]
    return Use(
        used=used,
        curvature=np.bincount(item, slope.ravel(), minlength=items + 1)[:items],
        # A value is its score and its price.
        response=float(np.einsum("u,uw,uw->", delivery, filled.x, taken.score)) + dot(used, price),
        upper=dot(delivery, filled.upper),
    )


def _net_values(block: Block, price: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """s (users, width), far below all others in the padding, and its `slots` largest a row, the least of them first."""
    net = block.value - np.append(price, FAR).take(block.item)
    cut = net.shape[1] - block.slots
    return net, np.partition(net, cut, axis=1)[:, cut:]


def _near(
    block: Block, net: np.ndarray, last: np.ndarray, gamma: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The pairs that may have x > 0, moved to the left of their rows: score, item, place and at, as in `_Taken`."""
    above = net > np.maximum(last - gamma, 0.0)[:, None]
    count = above.sum(axis=1)
    users, most = len(count), max(int(count.max()), 1)
    place = np.flatnonzero(above)
    if 2 * most > net.shape[1]:  # moving most of them costs more than it saves
        return net, block.item, place, place
    at = np.arange(len(place)) + np.repeat(np.arange(users) * most - (np.cumsum(count) - count), count)
    score, item = np.full(users * most, -FAR), np.full(users * most, block.list_rules.items, dtype=np.int32)
    score[at], item[at] = net.ravel()[place], block.item.ravel()[place]
    return score.reshape(users, most), item.reshape(users, most), place, at
