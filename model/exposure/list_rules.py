"""List rules: at most so many items of a group in one list."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from model.exposure.runs import place_in_run

BUCKETS = 64


@dataclass(frozen=True)
class ListRules:
    """Each rule divides items into groups, of which one list holds at most `most`; an item is in one group at most.

    codes  int32 (rules, items): group of an item under a rule, -1 where the rule does not bound it
    most   int (rules) >= 1: most items of one group of the rule in one list
    names  what the configuration calls each rule

    Raises ValueError that names what is wrong.
    """

    codes: np.ndarray
    most: np.ndarray
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.codes.ndim != 2 or not len(self.codes) == len(self.most) == len(self.names):
            raise ValueError("List rules need one row of codes, one number and one name each.")
        if np.any(self.codes < -1):
            raise ValueError("codes of a list rule are below -1; number groups from 0.")
        for name, most in zip(self.names, self.most, strict=True):
            if most < 1:
                raise ValueError(f"List rule {name} allows {most} items; it has to allow at least 1.")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def items(self) -> int:
        """Number of items."""
        return self.codes.shape[1]

    @cached_property
    def padded(self) -> np.ndarray:
        """int32 (rules, items + 1): codes, and -1 for an empty place, whose item is -1 or the number of items."""
        return np.pad(self.codes, ((0, 0), (0, 1)), constant_values=-1).astype(np.int32)

    @cached_property
    def buckets(self) -> np.ndarray:
        """int (rules, items + 1): groups thrown together into BUCKETS, and that number where a rule does not bound.

        Counting by bucket is cheap however many groups there are, and a bucket never counts less than its groups.
        """
        return np.where(self.padded >= 0, self.padded % BUCKETS, BUCKETS)

    @cached_property
    def inner_first(self) -> np.ndarray:
        """int (rules): the rules in an order in which one whose groups lie within those of another comes before it."""
        largest = [np.bincount(codes[codes >= 0], minlength=1).max() for codes in self.codes]
        return np.argsort(np.array(largest, dtype=np.int64), kind="stable")

    def fits(self, listed: np.ndarray, item: int) -> bool:
        """Whether a list of the items `listed` (int) may take `item` too."""
        for codes, most in zip(self.padded, self.most, strict=True):
            if codes[item] >= 0 and np.count_nonzero(codes[listed] == codes[item]) >= most:
                return False
        return True

    def remaining(self, listed: np.ndarray, item: np.ndarray) -> np.ndarray:
        """int32 (rules, lists): how many more items of an item's group its list may take; large where it has no group.

        listed: int (lists, slots), items of a list, -1 where a slot is empty; item: int (lists), one for each list
        """
        remaining = np.full((len(self), len(item)), np.iinfo(np.int32).max, dtype=np.int32)
        for left, codes, most in zip(remaining, self.padded, self.most, strict=True):
            own = codes[item]
            bound = own >= 0
            left[bound] = most - (codes[listed[bound]] == own[bound, None]).sum(axis=1)
        return remaining

    def may_break(self, share: np.ndarray, item: np.ndarray) -> np.ndarray:
        """bool (users): whether shares of items add up to more than a rule allows; a few users are True without cause.

        share: float64 (users, width) in [0, 1]; item: int (users, width), the number of items in the padding
        """
        broken = np.zeros(len(share), dtype=bool)
        row = np.arange(len(share))[:, None] * (BUCKETS + 1)
        for bucket, most in zip(self.buckets, self.most, strict=True):
            sums = np.bincount((row + bucket[item]).ravel(), share.ravel(), minlength=row.size * (BUCKETS + 1))
            broken |= sums.reshape(len(share), BUCKETS + 1)[:, :BUCKETS].max(axis=1) > most * (1 + 1e-9)
        return broken

    def fits_below(self, user: np.ndarray, item: np.ndarray) -> np.ndarray:
        """bool (pairs): whether a list of the better pairs of the user that fit may take the pair too.

        The pairs are those of users by falling score, user: int, item: int. For rules whose groups cross, a pair that
        one rule keeps out still counts for those that were looked at before.
        """
        fits = np.ones(len(item), dtype=bool)
        for rule in self.inner_first:
            codes = self.codes[rule]
            group = codes[item]
            bound = np.flatnonzero(fits & (group >= 0))
            key = user[bound].astype(np.int64) * (int(codes.max(initial=-1)) + 1) + group[bound]
            order = np.argsort(key, kind="stable")
            fits[bound[order]] = place_in_run(key[order]) < self.most[rule]
        return fits
