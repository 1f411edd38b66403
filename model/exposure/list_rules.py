"""List rules: at most so many items of a group in one list."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


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
        """How many items the rules know."""
        return self.codes.shape[1]

    @cached_property
    def padded(self) -> np.ndarray:
        """int32 (rules, items + 1): codes, and -1 for the index -1 or `items` of an empty place."""
        return np.pad(self.codes, ((0, 0), (0, 1)), constant_values=-1).astype(np.int32)

    def fits(self, listed: np.ndarray, item: int) -> bool:
        """Whether a list of the items `listed` (int) may take `item` too."""
        for codes, most in zip(self.padded, self.most, strict=True):
            if codes[item] >= 0 and np.count_nonzero(codes[listed] == codes[item]) >= most:
                return False
        return True

    def room(self, listed: np.ndarray, item: np.ndarray) -> np.ndarray:
        """int (lists): how many more items of the groups of an item its list may take; large without a bound.

        listed: int (lists, slots), items of a list, -1 where a place is empty; item: int (lists), one for each list
        """
        room = np.full(len(item), np.iinfo(np.int64).max)
        for codes, most in zip(self.padded, self.most, strict=True):
            own = codes[item]
            taken = (codes[listed] == own[:, None]).sum(axis=1)
            np.minimum(room, np.where(own >= 0, most - taken, room), out=room)
        return room


def no_rules(items: int) -> ListRules:
    """Rules that bound nothing."""
    return ListRules(np.zeros((0, items), dtype=np.int32), np.zeros(0, dtype=np.int64), ())
