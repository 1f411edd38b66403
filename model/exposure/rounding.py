"""From prices to integral lists: rank by rank, each user takes the best item that is still available."""

from __future__ import annotations

import numpy as np

from model.exposure.list_prices import ListPrices
from model.exposure.lists import Lists
from model.exposure.problem import Problem
from model.exposure.ranking import by_score
from model.exposure.remaining_caps import RemainingCaps


def rounded(problem: Problem, price: ListPrices, threshold: np.ndarray, tie: np.ndarray) -> Lists:
    """Lists by falling score s = value - price; ties by `tie` (uint64 a pair).

    Ranks are filled one after the other. At a rank every user proposes the best item left to them; where a cap (of the
    item or of one of its groups) is nearly used up, the proposals that lose most by refusal (largest s - t) are
    accepted, and the others propose their next item. A refused pair is not tried again at a later rank, so that lists
    are ordered by score. Caps hold for the exposure of the ranks themselves, no list breaks a list rule, and a slot
    stays empty only when all candidates are used up, capped or excluded by a list rule.

    threshold: float64 (users), the price t of a slot
    """
    of_pairs = price.of_pairs(problem.item_index, tie)
    score = problem.value - of_pairs
    order = by_score(problem.user_start, score, tie)
    lists = Lists(problem, of_pairs, score, np.full((problem.users, problem.slots), -1, dtype=np.int64))
    caps = RemainingCaps(problem)
    place, end = problem.user_start[:-1].copy(), problem.user_start[1:]
    for rank in range(problem.slots):
        exposure = problem.visits * problem.position_weights[rank]
        asking = np.flatnonzero(place < end)
        while len(asking):
            pair = order[place[asking]]
            item = problem.item_index[pair]
            open_ = caps.fits(item, exposure[asking])
            open_ &= (problem.list_rules.remaining(lists.items(asking), item) > 0).all(axis=0)
            place[asking[~open_]] += 1
            taken = np.zeros(len(asking), dtype=bool)
            proposed, by = pair[open_], asking[open_]
            loss = score[proposed] - threshold[by]
            precedence = np.empty(len(proposed), dtype=np.int64)
            precedence[np.lexsort((by, -loss))] = np.arange(len(proposed))
            taken[open_] = caps.admitted(problem.item_index[proposed], exposure[by], precedence)
            lists.pair[asking[taken], rank] = pair[taken]
            place[asking[taken]] += 1
            asking = asking[~taken]
            asking = asking[place[asking] < end[asking]]
    return lists
