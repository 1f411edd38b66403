"""From prices to integral lists: rank by rank, each user takes the best item that is still to be had."""

from __future__ import annotations

import numpy as np

from model.exposure.lists import CAP_MARGIN, Lists
from model.exposure.problem import Problem


def rounded(problem: Problem, price: np.ndarray, threshold: np.ndarray, tie: np.ndarray) -> Lists:
    """Lists by falling score s = relevance - price; ties by `tie` (uint64 a pair).

    Ranks are given out one after the other. At a rank every user proposes the best item left to them; an item near
    its cap accepts the proposals that lose most by refusal (largest s - t), the others propose their next one. A pair
    that was refused is not tried again at a later rank, so that a list is ordered by score. So caps hold for the
    exposure of the ranks themselves, at most `max_per_type` of a type enter a list, and a slot stays empty only when
    all candidates are used up, capped or too many of a type.

    price: float64 (items); threshold: float64 (users), the price t of a slot
    """
    score = problem.relevance - price[problem.item_index]
    order = np.lexsort((tie, -score, problem.user_index))
    lists = Lists(problem, score, np.full((problem.users, problem.slots), -1, dtype=np.int64))
    loss = score - threshold[problem.user_index]
    left = problem.planned_cap * (1.0 - CAP_MARGIN)
    place, end = problem.user_start[:-1].copy(), problem.user_start[1:]
    for rank in range(problem.slots):
        exposure = problem.visit_probability * problem.position_weights[rank]
        asking = np.flatnonzero(place < end)
        while len(asking):
            pair = order[place[asking]]
            open_ = exposure[asking] <= left[problem.item_index[pair]]
            open_ &= ~_type_is_full(lists, asking, pair)
            place[asking[~open_]] += 1
            taken = np.zeros(len(asking), dtype=bool)
            taken[open_] = _accepted(problem, asking[open_], pair[open_], exposure, loss, left)
            lists.pair[asking[taken], rank] = pair[taken]
            place[asking[taken]] += 1
            asking = asking[~taken]
            asking = asking[place[asking] < end[asking]]
    return lists


def _type_is_full(lists: Lists, users: np.ndarray, pair: np.ndarray) -> np.ndarray:
    own = lists.problem.item_type[lists.problem.item_index[pair]]
    return (own >= 0) & ((lists.types(users) == own[:, None]).sum(axis=1) >= lists.problem.max_per_type)


def _accepted(
    problem: Problem, users: np.ndarray, pair: np.ndarray, exposure: np.ndarray, loss: np.ndarray, left: np.ndarray
) -> np.ndarray:
    """Which proposals fit under the caps when those with the largest loss come first; lowers `left` by them."""
    item = problem.item_index[pair]
    first = np.lexsort((users, -loss[pair], item))
    sorted_item, wanted = item[first], exposure[users[first]]
    begins = np.flatnonzero(np.diff(sorted_item, prepend=-1))
    total = np.cumsum(wanted)
    before = np.repeat((total - wanted)[begins], np.diff(np.append(begins, len(first))))
    fits = total - before <= left[sorted_item]
    # The first of an item fits (the caller asked); rounding of the running sum must not refuse it for ever.
    fits[begins] = True
    left -= np.bincount(sorted_item[fits], wanted[fits], minlength=len(left))
    np.maximum(left, 0.0, out=left)
    accepted = np.empty(len(first), dtype=bool)
    accepted[first] = fits
    return accepted
