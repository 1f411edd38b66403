"""Why each entry of the lists is there, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.planning.catalogue.planned_items import Catalogue
from jobs.planning.context_pairs import Pairs
from jobs.planning.merchandising import Merchandising
from jobs.planning.names import LAUNCH, PIN, STOCK
from jobs.planning.rules.item_bounds import ItemBounds
from model.exposure.bindings import bindings
from model.exposure.prices import Priced
from model.exposure.problem import Problem
from model.exposure.reasons import in_place_of, reason_of, swapped_in_for
from model.exposure.shard_lists import Entries
from model.phrases import ENGLISH, phrases


@dataclass(frozen=True)
class Words:
    """What lists are written with; arrays of strings.

    item_ids, titles: (items); constraint: (items), the phrase of the bound that binds an item, empty where none does
    own_floor: (items), the phrase of an item's own floor; swaps: (groups), the phrase of a swap for a group
    response: what the relevance is the chance of; language: of the reasons
    """

    item_ids: np.ndarray
    titles: np.ndarray
    constraint: np.ndarray
    own_floor: np.ndarray
    swaps: np.ndarray
    response: str
    language: str = ENGLISH


def words_of(
    catalogue: Catalogue, bounds: ItemBounds, merchandising: Merchandising, response: str, language: str,
    problem: Problem, priced: Priced,
) -> Words:  # fmt: skip
    """The words of a plan at its prices; of `problem` only the bounds are read."""
    _, constraint = binding_of_items(catalogue.item_ids, bounds, merchandising, problem, priced, language)
    return Words(
        item_ids=catalogue.item_ids,
        titles=catalogue.items["title"].to_numpy(),
        constraint=constraint,
        own_floor=_floor_phrases(catalogue.item_ids, bounds, merchandising, language),
        swaps=np.array([swapped_in_for(group.name, language) for group in problem.groups], dtype=object),
        response=response,
        language=language,
    )


def binding_of_items(
    item_ids: np.ndarray, bounds: ItemBounds, merchandising: Merchandising, problem: Problem, priced: Priced,
    language: str = ENGLISH,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """What binds each item ('cap', 'floor', 'none'), and the phrase that says so."""
    floor, table = _floor_phrases(item_ids, bounds, merchandising, language), phrases(language)
    cap = np.where(bounds.cap_kind == STOCK, table.held_by_stock, table.held_by_item_cap).astype(object)
    return bindings(problem, priced.prices, priced.facts.largest, floor, cap, language)


def reasons_of_entries(words: Words, pairs: Pairs, entries: Entries) -> list[str]:
    """One sentence for each entry: main cause of its relevance; what pays for its boost; what it displaced."""
    item = pairs.item[entries.pair]
    swaps = np.array(["", *words.swaps, ""], dtype=object)
    by_swap = swaps[entries.swapped + 1]
    for_item = entries.swapped == len(words.swaps)
    by_swap[for_item] = words.own_floor[item[for_item]]
    constraint = np.where(
        entries.explored, phrases(words.language).explored, np.where(by_swap != "", by_swap, words.constraint[item])
    )
    displaced = np.full(len(entries.pair), "", dtype=object)
    some = entries.displaced >= 0
    titles = words.titles[pairs.item[entries.displaced[some]]]
    displaced[some] = [in_place_of(title, words.language) for title in titles]
    causes = pairs.cause.take(entries.pair).to_pylist()
    return [
        reason_of(cause, of_constraint, instead, response=words.response, language=words.language)
        for cause, of_constraint, instead in zip(causes, constraint.tolist(), displaced.tolist(), strict=True)
    ]


def _floor_phrases(item_ids: np.ndarray, bounds: ItemBounds, merchandising: Merchandising, language: str) -> np.ndarray:
    table = phrases(language)
    said = np.where(bounds.floor_kind == LAUNCH, table.raised_as_new, table.raised_by_item_floor).astype(object)
    for place in np.flatnonzero(bounds.floor_kind == PIN):
        said[place] = merchandising.pins[item_ids[place]].said_in(language)
    return said
