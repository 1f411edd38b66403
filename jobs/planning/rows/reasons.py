"""Why each entry of the lists is there, in words."""

from __future__ import annotations

import numpy as np

from jobs.planning.catalogue.planned_items import Catalogue
from jobs.planning.merchandising import Merchandising
from jobs.planning.names import LAUNCH, PIN, STOCK
from jobs.planning.rules.item_bounds import ItemBounds
from jobs.planning.solution.solving import Solved
from model.exposure.bindings import bindings
from model.exposure.reasons import (
    EXPLORED,
    HELD_BY_CAP,
    HELD_BY_STOCK,
    LAUNCHED,
    RAISED_BY_ITEM_FLOOR,
    in_place_of,
    reason_of,
    swapped_in_for,
)


def binding_of_items(
    item_ids: np.ndarray, bounds: ItemBounds, merchandising: Merchandising, solved: Solved
) -> tuple[np.ndarray, np.ndarray]:
    """What binds each item ('cap', 'floor', 'none'), and the phrase that says so."""
    floor = _floor_phrases(item_ids, bounds, merchandising)
    cap = np.where(bounds.cap_kind == STOCK, HELD_BY_STOCK, HELD_BY_CAP).astype(object)
    return bindings(solved.pairs.problem, solved.plan.solution.prices, floor, cap)


def reasons_of_entries(
    catalogue: Catalogue, bounds: ItemBounds, merchandising: Merchandising, solved: Solved
) -> list[str]:
    """One sentence for each entry: main cause of its relevance; what pays for its boost; what it displaced."""
    problem, plan = solved.pairs.problem, solved.plan
    item = problem.item_index[plan.pair]
    _, phrase = binding_of_items(catalogue.item_ids, bounds, merchandising, solved)
    own = _floor_phrases(catalogue.item_ids, bounds, merchandising)
    swaps = np.array(["", *(swapped_in_for(group.name) for group in problem.groups), ""], dtype=object)
    by_swap = swaps[plan.swapped + 1]
    for_item = plan.swapped == len(problem.groups)
    by_swap[for_item] = own[item[for_item]]
    constraint = np.where(plan.explored, EXPLORED, np.where(by_swap != "", by_swap, phrase[item]))
    titles = catalogue.items["title"].to_numpy()
    displaced = np.full(len(plan.pair), "", dtype=object)
    some = plan.displaced >= 0
    displaced[some] = [in_place_of(title) for title in titles[problem.item_index[plan.displaced[some]]]]
    causes = solved.pairs.cause.take(plan.pair).to_pylist()
    return [
        reason_of(cause, of_constraint, instead)
        for cause, of_constraint, instead in zip(causes, constraint.tolist(), displaced.tolist(), strict=True)
    ]


def _floor_phrases(item_ids: np.ndarray, bounds: ItemBounds, merchandising: Merchandising) -> np.ndarray:
    phrases = np.where(bounds.floor_kind == LAUNCH, LAUNCHED, RAISED_BY_ITEM_FLOOR).astype(object)
    for place in np.flatnonzero(bounds.floor_kind == PIN):
        phrases[place] = merchandising.pins[item_ids[place]].in_words
    return phrases
