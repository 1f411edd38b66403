"""The pairs of every user that the integral lists are chosen from."""

from __future__ import annotations

import numpy as np

from model.exposure.ranking import by_score, places
from model.exposure.user_block import UserPairs, blocks_of, plan_of

KEPT_PER_SLOT = 4


def kept_pairs(shard: UserPairs, price: np.ndarray, gamma: float) -> np.ndarray:
    """bool (pairs): the pairs of each user that a list may need.

    These are the best by score, KEPT_PER_SLOT a slot; as many of the best that fit together under the list rules; all
    that the relaxed plan shows; and those of the list by value alone, which entries may displace. Exploration draws
    from them, so its propensities depend on which pairs are kept.

    price: float64 (items)
    """
    most = KEPT_PER_SLOT * shard.slots
    by_price = by_score(shard.user_start, shard.value - price[shard.item_index])
    by_value = by_score(shard.user_start, shard.value)
    place, user = places(shard.user_start), np.repeat(np.arange(len(shard.delivery)), np.diff(shard.user_start))
    varied = shard.list_rules.fits_below(user, shard.item_index[by_price])
    before = np.concatenate([[0], np.cumsum(varied)])
    keep = np.concatenate([plan_of(block, price, gamma)[0] for block in blocks_of(shard)] or [np.zeros(0)]) > 0
    keep[by_price] |= (place < most) | (varied & (before[:-1] - before[shard.user_start[user]] < most))
    keep[by_value] |= place < shard.slots
    return keep
