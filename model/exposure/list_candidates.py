"""The pairs of every user that the integral lists are made of."""

from __future__ import annotations

import numpy as np

from model.exposure.ranking import by_score, places
from model.exposure.user_block import UserPairs, blocks_of, plan_of

KEPT_PER_SLOT = 4


def kept_pairs(
    shard: UserPairs, price: np.ndarray, gamma: float, item_type: np.ndarray, max_per_type: int
) -> np.ndarray:
    """bool (pairs): the best of each user by score, KEPT_PER_SLOT a slot, and as many of those that have at most
    `max_per_type` of a type before them; all that the relaxed plan shows; and those that would stand in the list by
    value alone, which entries are said to displace.

    Exploration draws among them, so its propensities depend on which pairs are kept. price: float64 (items);
    item_type: int (items), -1 unknown
    """
    most = KEPT_PER_SLOT * shard.slots
    by_price = by_score(shard.user_start, shard.value - price[shard.item_index])
    by_value = by_score(shard.user_start, shard.value)
    place, user = places(shard.user_start), np.repeat(np.arange(len(shard.delivery)), np.diff(shard.user_start))
    varied = _nth_of_type(user, item_type[shard.item_index[by_price]]) < max_per_type
    before = np.concatenate([[0], np.cumsum(varied)])
    keep = np.concatenate([plan_of(block, price, gamma)[0] for block in blocks_of(shard)] or [np.zeros(0)]) > 0
    keep[by_price] |= (place < most) | (varied & (before[:-1] - before[shard.user_start[user]] < most))
    keep[by_value] |= place < shard.slots
    return keep


def _nth_of_type(user: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """int (pairs): how many pairs of the same user and type stand before each; 0 where the type is unknown."""
    width = int(kind.max(initial=-1)) + 1
    group = np.where(kind >= 0, user * width + kind, -1)
    order = np.argsort(group, kind="stable")
    begins = np.flatnonzero(np.diff(group[order], prepend=-2))
    nth = np.empty(len(group), dtype=np.int64)
    nth[order] = np.arange(len(group)) - np.repeat(begins, np.diff(np.append(begins, len(group))))
    return np.where(kind >= 0, nth, 0)
