"""One pass over a block of users: given the items' prices, what each user's slots take.

A user maximises Σ (s·x - gamma/2·x²) over 0 <= x <= 1, Σ x <= slots, with s = value - price. The solution is
x = clip((s - t)/gamma, 0, 1) with the least t >= 0 that fits the slots. All functions here are pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

BLOCK_USERS = 512
_STEPS = 80


@dataclass(frozen=True)
class UserPairs:
    """Some users with all their pairs.

    user_start: int (users + 1), where the pairs of a user lie; item_index: int (pairs), sorted within a user
    value: float64 (pairs); delivery: float64 (users), exposures delivered by a pair with r = 1
    slots: slots of each user; items: how many items there are
    """

    user_start: np.ndarray
    item_index: np.ndarray
    value: np.ndarray
    delivery: np.ndarray
    slots: int
    items: int

    def part(self, begin: int, end: int) -> UserPairs:
        """The users begin : end."""
        first, last = self.user_start[begin], self.user_start[end]
        start = self.user_start[begin : end + 1] - first
        of_users = slice(first, last)
        return UserPairs(
            start, self.item_index[of_users], self.value[of_users], self.delivery[begin:end], self.slots, self.items
        )


@dataclass(frozen=True)
class Block:
    """Users as rows, padded to one width.

    row and count: int (users), which user it is and how many pairs they have
    value: float64 (users, width), 0 in the padding; item: int (users, width), the number of items in the padding
    delivery: float64 (users); slots: slots of each user
    """

    row: np.ndarray
    count: np.ndarray
    value: np.ndarray
    item: np.ndarray
    delivery: np.ndarray
    slots: int


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
        item = np.where(inside, pairs.item_index[place], np.int32(pairs.items))
        yield Block(chosen, count, value, item, pairs.delivery[chosen], pairs.slots)


def use_of(block: Block, price: np.ndarray, gamma: float) -> Use:
    """The use of a block; price: float64 (items), gamma: the regularisation, in units of value."""
    items = len(price)
    net, top = _net_values(block, price)
    place, row, x, threshold = _fill(block, net, top[:, 0], gamma)
    item, weight = block.item.ravel()[place], block.delivery[row]
    interior = (x > 0) & (x < 1)
    moving = np.bincount(row[interior], minlength=len(block.delivery))
    # Where the slots are full, a price moves the threshold too: one interior pair alone cannot move at all.
    slope = np.where(threshold > 0, 1.0 - 1.0 / np.maximum(moving, 1), 1.0) * block.delivery / gamma
    return Use(
        used=np.bincount(item, weight * x, minlength=items),
        curvature=np.bincount(item[interior], slope[row[interior]], minlength=items),
        response=float(weight @ (block.value.ravel()[place] * x)),
        upper=float(block.delivery @ np.maximum(top, 0.0).sum(axis=1)),
    )


def plan_of(block: Block, price: np.ndarray, gamma: float) -> tuple[np.ndarray, np.ndarray]:
    """Planned exposure r of the block's pairs, float64 in the order of the pairs, and each user's threshold t."""
    net, top = _net_values(block, price)
    place, _, x, threshold = _fill(block, net, top[:, 0], gamma)
    planned = np.zeros(net.size)
    planned[place] = x
    inside = np.arange(net.shape[1]) < block.count[:, None]
    return planned.reshape(net.shape)[inside], threshold


def _net_values(block: Block, price: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """s with -inf in the padding (users, width), and its `slots` largest values a row, the least of them first."""
    net = block.value - np.append(price, np.inf)[block.item]
    cut = net.shape[1] - block.slots
    return net, np.partition(net, cut, axis=1)[:, cut:]


def _fill(
    block: Block, net: np.ndarray, last: np.ndarray, gamma: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Places (flat), rows and values of the pairs that may have x > 0, and t a user; `last`: the slots-th largest s.

    At t = last - gamma the first `slots` pairs are all full, at t = last fewer than `slots` are filled: t lies between.
    """
    low, high = np.maximum(last - gamma, 0.0), np.maximum(last, 0.0)
    place = np.flatnonzero(net > low[:, None])
    row = place // net.shape[1]
    value = net.ravel()[place]
    users = len(last)
    filled = np.bincount(row, np.clip((value - low[row]) / gamma, 0.0, 1.0), minlength=users)
    full = filled > block.slots
    threshold = np.where(full, (low + high) / 2, low)
    for _ in range(_STEPS):
        y = (value - threshold[row]) / gamma
        over = np.bincount(row, np.clip(y, 0.0, 1.0), minlength=users) - block.slots
        open_ = full & (np.abs(over) > 1e-11 * block.slots)
        if not open_.any():
            break
        low, high = np.where(over > 0, threshold, low), np.where(over > 0, high, threshold)
        interior = np.bincount(row[(y > 0) & (y < 1)], minlength=users)
        newton = threshold + over * gamma / np.maximum(interior, 1)
        unsafe = (interior == 0) | (newton <= low) | (newton >= high)
        threshold = np.where(open_, np.where(unsafe, (low + high) / 2, newton), threshold)
    return place, row, np.clip((value - threshold[row]) / gamma, 0.0, 1.0), threshold
