"""The pairs of every user by falling score."""

from __future__ import annotations

import numpy as np

_USERS_AT_ONCE = 2_048


def by_score(user_start: np.ndarray, score: np.ndarray, tie: np.ndarray | None = None) -> np.ndarray:
    """int (pairs): user by user the pairs by falling score, of equal ones the least `tie` first.

    user_start: int (users + 1), where the pairs of a user lie; score: float64 (pairs); tie: (pairs), by default the
    place of a pair
    """
    candidates = np.diff(user_start)
    order = np.empty(len(score), dtype=np.int64)
    # Sorting the rows of a matrix is far faster than sorting all pairs by two keys.
    for begin in range(0, len(candidates), _USERS_AT_ONCE):
        count = candidates[begin : begin + _USERS_AT_ONCE]
        first = user_start[begin : begin + len(count)]
        column = np.arange(int(count.max()))
        inside = column < count[:, None]
        place = np.minimum(first[:, None] + column, len(score) - 1)
        rising = np.where(inside, -score[place], np.inf)
        sorted_place = np.take_along_axis(place, rising.argsort(axis=1), axis=1)
        order[first[0] : user_start[begin + len(count)]] = sorted_place[inside]
    user = np.repeat(np.arange(len(candidates), dtype=np.int32), candidates)
    tied = np.zeros(len(candidates), dtype=bool)
    tied[user[1:][(np.diff(score[order]) == 0) & (np.diff(user) == 0)]] = True
    again = np.flatnonzero(tied[user])
    ties = again if tie is None else tie[again]
    order[again] = again[np.lexsort((ties, -score[again], user[again]))]
    return order


def places(user_start: np.ndarray) -> np.ndarray:
    """int (pairs): place of each pair among those of its user, from 0; pairs lie user by user."""
    return np.arange(user_start[-1]) - np.repeat(user_start[:-1], np.diff(user_start))
