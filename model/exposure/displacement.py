"""The pair that an entry of a list displaces: the one that its user would see there by value alone."""

from __future__ import annotations

import numpy as np

from model.exposure.problem import Problem
from model.exposure.ranking import by_score, places
from model.exposure.runs import place_in_run


def displaced_by(problem: Problem, pair: np.ndarray, explored: np.ndarray) -> np.ndarray:
    """int (entries): pair that an entry displaces, -1 where it is there by its value.

    By value alone a user sees the `slots` pairs with the largest values (ties: the first item). Of each user, the
    planned entries outside that set, best first, displace the members of that set outside the list, best first.

    pair: int (entries), the lists; explored: bool (entries); explored entries displace nothing.
    """
    order = by_score(problem.user_start, problem.value)
    place = places(problem.user_start)
    by_value = np.zeros(len(order), dtype=bool)
    by_value[order[place < problem.slots]] = True
    listed = np.zeros(len(order), dtype=bool)
    listed[pair[~explored]] = True
    entering, leaving = (_numbered(problem, order[mask[order]]) for mask in (listed & ~by_value, by_value & ~listed))
    displaced = np.full(len(order), -1, dtype=np.int64)
    _, ours, theirs = np.intersect1d(entering[1], leaving[1], assume_unique=True, return_indices=True)
    displaced[entering[0][ours]] = leaving[0][theirs]
    return np.where(explored, -1, displaced[pair])


def _numbered(problem: Problem, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs sorted by user, and a key of each: its user and its number among the user's."""
    user = problem.user_index[pairs].astype(np.int64)
    return pairs, user * problem.slots + place_in_run(user)
