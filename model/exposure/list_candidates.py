"""The pairs of every user that the integral lists are made of."""

from __future__ import annotations

import numpy as np

from model.exposure.list_rules import ListRules
from model.exposure.ranking import by_score, places
from model.exposure.user_block import UserPairs, blocks_of, plan_of

KEPT_PER_SLOT = 4


def kept_pairs(shard: UserPairs, price: np.ndarray, gamma: float, list_rules: ListRules) -> np.ndarray:
    """bool (pairs): the pairs of each user that a list may need.

    These are the best by score, KEPT_PER_SLOT a slot; as many of those that list rules would not keep out of a list of
    all that are better; all that the relaxed plan shows; and those that would stand in the list by value alone, which
    entries may displace. Exploration draws among them, so its propensities depend on which pairs are kept.

    price: float64 (items)
    """
    most = KEPT_PER_SLOT * shard.slots
    by_price = by_score(shard.user_start, shard.value - price[shard.item_index])
    by_value = by_score(shard.user_start, shard.value)
    place, user = places(shard.user_start), np.repeat(np.arange(len(shard.delivery)), np.diff(shard.user_start))
    varied = _fits_below(user, shard.item_index[by_price], list_rules)
    before = np.concatenate([[0], np.cumsum(varied)])
    keep = np.concatenate([plan_of(block, price, gamma)[0] for block in blocks_of(shard)] or [np.zeros(0)]) > 0
    keep[by_price] |= (place < most) | (varied & (before[:-1] - before[shard.user_start[user]] < most))
    keep[by_value] |= place < shard.slots
    return keep


def _fits_below(user: np.ndarray, item: np.ndarray, list_rules: ListRules) -> np.ndarray:
    """bool (pairs): fewer pairs of the user stand before it, in any group of the item, than the rule allows."""
    fits = np.ones(len(item), dtype=bool)
    for codes, most in zip(list_rules.codes, list_rules.most, strict=True):
        group = codes[item]
        fits &= (group < 0) | (_nth_of_group(user, group) < most)
    return fits


def _nth_of_group(user: np.ndarray, group: np.ndarray) -> np.ndarray:
    """int (pairs): how many pairs of the same user and group stand before each."""
    key = user * (int(group.max(initial=-1)) + 2) + group
    order = np.argsort(key, kind="stable")
    begins = np.flatnonzero(np.diff(key[order], prepend=-2))
    nth = np.empty(len(key), dtype=np.int64)
    nth[order] = np.arange(len(key)) - np.repeat(begins, np.diff(np.append(begins, len(key))))
    return nth
