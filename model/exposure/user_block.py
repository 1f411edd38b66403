"""One pass over a block of users: given the items' prices, what each user's slots take.

A user maximises Σ (s·x - gamma/2·x²) over 0 <= x <= 1, Σ x <= slots, with s = value - price. The solution is
x = clip((s - t)/gamma, 0, 1) with the least t >= 0 that fits the slots. All functions here are pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

BLOCK_USERS = 1_024
_STEPS = 80
_FAR = 1e100  # a price at which nothing is taken


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
    delivery: float64 (users); slots: slots of each user; items: how many items there are
    """

    row: np.ndarray
    count: np.ndarray
    value: np.ndarray
    item: np.ndarray
    delivery: np.ndarray
    slots: int
    items: int


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
        yield Block(chosen, count, value, item, pairs.delivery[chosen], pairs.slots, pairs.items)


def use_of(block: Block, price: np.ndarray, gamma: float) -> Use:
    """The use of a block; price: float64 (items), gamma: the regularisation, in units of value."""
    items = len(price)
    net, top = _net_values(block, price)
    near = _near(block, net, top[:, 0], gamma)
    x, threshold = _fill(near.score, top[:, 0], block.slots, gamma)
    interior = (x > 0) & (x < 1)
    # Where the slots are full, a price moves the threshold too: one interior pair alone cannot move at all.
    moving = np.maximum(interior.sum(axis=1), 1)
    slope = np.where(threshold > 0, 1.0 - 1.0 / moving, 1.0) * block.delivery / gamma
    item = near.item.ravel()
    used = np.bincount(item, (x * block.delivery[:, None]).ravel(), minlength=items + 1)[:items]
    return Use(
        used=used,
        curvature=np.bincount(item, (interior * slope[:, None]).ravel(), minlength=items + 1)[:items],
        # A value is its score and its price.
        response=float(np.einsum("u,uw,uw->", block.delivery, x, near.score) + np.einsum("i,i->", used, price)),
        upper=float(np.einsum("u,uk->", block.delivery, np.maximum(top, 0.0))),
    )


def plan_of(block: Block, price: np.ndarray, gamma: float) -> tuple[np.ndarray, np.ndarray]:
    """Planned exposure r of the block's pairs, float64 in the order of the pairs, and each user's threshold t."""
    net, top = _net_values(block, price)
    near = _near(block, net, top[:, 0], gamma)
    x, threshold = _fill(near.score, top[:, 0], block.slots, gamma)
    planned = np.zeros(net.size)
    planned[near.place] = x.ravel()[near.at]
    inside = np.arange(net.shape[1]) < block.count[:, None]
    return planned.reshape(net.shape)[inside], threshold


def _net_values(block: Block, price: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """s (users, width), far below all others in the padding, and its `slots` largest a row, the least of them first."""
    net = block.value - np.append(price, _FAR).take(block.item)
    cut = net.shape[1] - block.slots
    return net, np.partition(net, cut, axis=1)[:, cut:]


@dataclass(frozen=True)
class _Near:
    """The pairs that may have x > 0, moved to the left of their rows.

    score and item: (users, most), as in a block; place: int (pairs), where each lies in the block, at: where it is here
    """

    score: np.ndarray
    item: np.ndarray
    place: np.ndarray
    at: np.ndarray


def _near(block: Block, net: np.ndarray, last: np.ndarray, gamma: float) -> _Near:
    above = net > np.maximum(last - gamma, 0.0)[:, None]
    count = above.sum(axis=1)
    users, most = len(count), max(int(count.max()), 1)
    place = np.flatnonzero(above)
    if 2 * most > net.shape[1]:  # moving most of them costs more than it saves
        return _Near(net, block.item, place, place)
    at = np.arange(len(place)) + np.repeat(np.arange(users) * most - (np.cumsum(count) - count), count)
    score, item = np.full(users * most, -_FAR), np.full(users * most, block.items, dtype=np.int32)
    score[at], item[at] = net.ravel()[place], block.item.ravel()[place]
    return _Near(score.reshape(users, most), item.reshape(users, most), place, at)


def _fill(score: np.ndarray, last: np.ndarray, slots: int, gamma: float) -> tuple[np.ndarray, np.ndarray]:
    """x of every score and t a user; `last`: the slots-th largest score.

    At t = last - gamma the first `slots` pairs are all full, at t = last fewer than `slots` are filled: t lies between.
    It is found by Newton's method, kept between what is known to be too low and too high.
    """
    low, high = np.maximum(last - gamma, 0.0), np.maximum(last, 0.0)
    x = np.empty_like(score)
    filled, _ = _take(score, low, gamma, x)
    full = filled > slots
    threshold = np.where(full, (low + high) / 2, low)
    for _ in range(_STEPS):
        filled, interior = _take(score, threshold, gamma, x)
        over = filled - slots
        open_ = full & (np.abs(over) > 1e-11 * slots)
        if not open_.any():
            break
        low, high = np.where(over > 0, threshold, low), np.where(over > 0, high, threshold)
        newton = threshold + over * gamma / np.maximum(interior, 1)
        unsafe = (interior == 0) | (newton <= low) | (newton >= high)
        threshold = np.where(open_, np.where(unsafe, (low + high) / 2, newton), threshold)
    return x, threshold


def _take(score: np.ndarray, threshold: np.ndarray, gamma: float, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Writes x at a threshold a user; returns its sum by user, and how many lie strictly between 0 and 1."""
    np.subtract(score, threshold[:, None], out=x)
    np.multiply(x, 1.0 / gamma, out=x)
    interior = ((x > 0) & (x < 1)).sum(axis=1, dtype=np.int32)
    np.clip(x, 0.0, 1.0, out=x)
    return x.sum(axis=1), interior
