"""The groups of users in which more is taken than a list rule allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.exposure.runs import place_in_run


@dataclass(frozen=True)
class FullGroups:
    """Groups of users as rows; an entry is a pair of a user in a block of shape (users, width).

    at: int (entries), flat place of the entries in the block; group: int (entries), number of its group, rising
    least: width of the rows at least
    """

    at: np.ndarray
    group: np.ndarray
    least: int

    def rows(self, block: np.ndarray, padding: float) -> np.ndarray:
        """float64 (groups, width of the widest): the entries of each group; block: float64 (users, width)."""
        groups, width = int(self.group.max(initial=-1)) + 1, int(np.bincount(self.group, minlength=1).max())
        rows = np.full((groups, max(width, self.least)), padding)
        rows[self.group, place_in_run(self.group)] = block.ravel()[self.at]
        return rows


def full_groups(share: np.ndarray, code: np.ndarray, most: int) -> FullGroups:
    """The groups in which shares add up to more than `most`, with their entries of positive share.

    share: float64 (users, width) in [0, 1]; code: int (users, width), group under the rule, -1 for none
    """
    at = np.flatnonzero((code >= 0) & (share > 0))
    key = at // code.shape[1] * (int(code.max(initial=-1)) + 1) + code.ravel()[at]
    _, group = np.unique(key, return_inverse=True)
    full = np.bincount(group, share.ravel()[at]) > most * (1 + 1e-12)
    at, group = at[full[group]], (np.cumsum(full) - 1)[group[full[group]]]
    order = np.argsort(group, kind="stable")
    return FullGroups(at[order], group[order], most)
