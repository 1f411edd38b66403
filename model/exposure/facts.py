"""Facts of the pairs for bounds and scales: exposures that items, groups and slots can get."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from model.exposure.list_rules import BUCKETS
from model.exposure.user_block import UserPairs
from model.sums import dot


@dataclass(frozen=True)
class Facts:
    """Sums over pairs that bounds are checked against before anything is solved; facts of shards add up.

    offered: float64 (items), exposures if the item were in the lists of all users that have it as a candidate
    supply: exposures of all slots that lists can fill; of_group: float64 (groups), those that members of a group can
    pairs: number of pairs; total, square and largest: sum, sum of squares and maximum of their values
    busiest: largest delivery of a user
    """

    offered: np.ndarray
    of_group: np.ndarray
    supply: float
    pairs: int
    total: float
    square: float
    largest: float
    busiest: float

    @property
    def spread(self) -> float:
        """Standard deviation of the values."""
        if not self.pairs:
            return 0.0
        mean = self.total / self.pairs
        return float(np.sqrt(max(self.square / self.pairs - mean**2, 0.0)))


def facts_of(shard: UserPairs, membership: csr_array) -> Facts:
    """The facts of a shard; membership: (groups, items)."""
    per_pair = np.repeat(shard.delivery, np.diff(shard.user_start))
    everything = csr_array(np.ones((1, shard.list_rules.items)))
    most = most_listed(shard, vstack([membership, everything], format="csr"))
    fillable = most.T @ shard.delivery
    return Facts(
        offered=np.bincount(shard.item_index, per_pair, minlength=shard.list_rules.items),
        of_group=fillable[:-1],
        supply=float(fillable[-1]),
        pairs=len(shard.value),
        total=float(shard.value.sum()),
        square=dot(shard.value, shard.value),
        largest=float(shard.value.max(initial=0.0)),
        busiest=float(shard.delivery.max(initial=0.0)),
    )


def most_listed(shard: UserPairs, membership: csr_array) -> csr_array:
    """float64 (users, groups): at least as many members of a group as a list can hold under slots and list rules.

    Each rule is looked at alone; membership: (groups, items).
    """
    rules, candidates = shard.list_rules, np.diff(shard.user_start)
    user, item = np.repeat(np.arange(len(candidates)), candidates), shard.item_index
    shape = (len(candidates), rules.items)
    counts = csr_array((np.ones(len(item)), item, shard.user_start), shape=shape) @ membership.T
    most = counts.copy()
    most.data = np.minimum(most.data, shard.slots)
    for codes, buckets, limit in zip(rules.codes, rules.buckets, rules.most, strict=True):
        # Few candidates lie in groups that could be full; only those are counted by group.
        key = user * (BUCKETS + 1) + buckets[item]
        crowded = np.flatnonzero((np.bincount(key) > limit)[key] & (buckets[item] < BUCKETS))
        pairs = csr_array((np.ones(len(crowded)), (user[crowded], item[crowded])), shape=shape)
        most = most.minimum(counts - _over(pairs, membership.tocoo(), codes, int(limit)))
    return most


def _over(pairs: csr_array, member: coo_array, codes: np.ndarray, limit: int) -> csr_array:
    """float64 (users, groups): members in the pairs beyond `limit` of one group of the rule; pairs: (users, items)."""
    bound = codes[member.col] >= 0
    row, item, width = member.row[bound].astype(np.int64), member.col[bound], int(codes.max(initial=-1)) + 1
    cell, of_entry = np.unique(row * width + codes[item], return_inverse=True)
    over = pairs @ csr_array((np.ones(len(item)), (item, of_entry)), shape=(len(codes), len(cell)))
    over.data = np.maximum(over.data - limit, 0.0)
    of_group = (np.arange(len(cell)), cell // max(width, 1))
    return over @ csr_array((np.ones(len(cell)), of_group), shape=(len(cell), member.shape[0]))


def total_facts(parts: Iterable[Facts], items: int, groups: int) -> Facts:
    """The facts of all shards from those of each, in their order."""
    known = list(parts)
    return Facts(
        offered=np.sum([part.offered for part in known], axis=0) if known else np.zeros(items),
        of_group=np.sum([part.of_group for part in known], axis=0) if known else np.zeros(groups),
        supply=sum(part.supply for part in known),
        pairs=sum(part.pairs for part in known),
        total=sum(part.total for part in known),
        square=sum(part.square for part in known),
        largest=max((part.largest for part in known), default=0.0),
        busiest=max((part.busiest for part in known), default=0.0),
    )
