"""Why each entry of the lists is there, in words."""

from __future__ import annotations

import numpy as np

from jobs.planning.inputs import Inputs
from jobs.planning.item_bounds import ItemBounds
from jobs.planning.merchandising import Merchandising
from jobs.planning.names import LAUNCH, PIN, STOCK
from model.exposure.bindings import bindings
from model.exposure.plan import Plan
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


def kinds_and_phrases(inputs: Inputs, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Of each item what binds it ('cap', 'floor', 'none') and how that is told."""
    setting = inputs.setting
    floor = _floor_phrases(setting.bounds, setting.item_ids, setting.wishes)
    cap = np.where(setting.bounds.cap_kind == STOCK, HELD_BY_STOCK, HELD_BY_CAP).astype(object)
    return bindings(inputs.problem, plan.solution.prices, floor, cap)


def reasons(inputs: Inputs, plan: Plan) -> list[str]:
    """One sentence an entry: main cause of its relevance; what pays for its boost; what it displaced."""
    problem, setting = inputs.problem, inputs.setting
    item = problem.item_index[plan.pair]
    _, phrase = kinds_and_phrases(inputs, plan)
    own = _floor_phrases(setting.bounds, setting.item_ids, setting.wishes)
    swaps = np.array(["", *(swapped_in_for(group.name) for group in problem.groups), ""], dtype=object)
    by_swap = swaps[plan.swapped + 1]
    for_item = plan.swapped == len(problem.groups)
    by_swap[for_item] = own[item[for_item]]
    constraint = np.where(plan.explored, EXPLORED, np.where(by_swap != "", by_swap, phrase[item]))
    titles = setting.items["title"].to_numpy()
    displaced = np.full(len(plan.pair), "", dtype=object)
    some = plan.displaced >= 0
    displaced[some] = [in_place_of(title) for title in titles[problem.item_index[plan.displaced[some]]]]
    causes = inputs.cause.take(plan.pair).to_pylist()
    return [
        reason_of(cause, of_constraint, instead)
        for cause, of_constraint, instead in zip(causes, constraint.tolist(), displaced.tolist(), strict=True)
    ]


def _floor_phrases(bounds: ItemBounds, item_ids: np.ndarray, wishes: Merchandising) -> np.ndarray:
    phrases = np.where(bounds.floor_kind == LAUNCH, LAUNCHED, RAISED_BY_ITEM_FLOOR).astype(object)
    for place in np.flatnonzero(bounds.floor_kind == PIN):
        phrases[place] = wishes.pins[item_ids[place]].in_words
    return phrases
