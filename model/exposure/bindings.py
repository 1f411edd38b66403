"""Which bound of an item binds, from the prices of the plan."""

from __future__ import annotations

import numpy as np

from model.exposure.dual import Prices
from model.exposure.problem import Problem
from model.exposure.reasons import held_by, raised_by
from model.phrases import ENGLISH

# Prices below this share of the largest value count as 0.
NEGLIGIBLE = 1e-6


def bindings(
    problem: Problem, prices: Prices, largest: float, floor_phrase: np.ndarray, cap_phrase: np.ndarray,
    language: str = ENGLISH,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """'cap', 'floor' or 'none' by the sign of an item's net price, and the phrase of the bound with the largest price.

    Of `problem` only the bounds are read. largest: value of the best pair
    floor_phrase, cap_phrase: arrays of strings (items), the phrases of the item's own bounds.
    Both results are arrays of strings (items); the phrase is empty where nothing binds.
    """
    least = NEGLIGIBLE * largest
    member = problem.membership
    price = prices.cap - prices.item_floor + member.T @ (prices.group_cap - prices.group)
    kind = np.where(price > least, "cap", np.where(price < -least, "floor", "none"))
    raised = np.array([raised_by(group.name, language) for group in problem.groups], dtype=object)
    held = np.array([held_by(group.name, language) for group in problem.groups], dtype=object)
    floor = _dominant(problem, prices.group, prices.item_floor, raised, floor_phrase)
    cap = _dominant(problem, prices.group_cap, prices.cap, held, cap_phrase)
    return kind, np.where(kind == "cap", cap, np.where(kind == "floor", floor, ""))


def _dominant(
    problem: Problem, of_group: np.ndarray, own: np.ndarray, phrase: np.ndarray, own_phrase: np.ndarray
) -> np.ndarray:
    """The phrase of the highest price among an item's own bound and those of its groups; ties go to the own one."""
    entries = problem.membership.tocoo()
    order = np.lexsort((-entries.row, of_group[entries.row], entries.col))
    row, item = entries.row[order], entries.col[order]
    last = np.flatnonzero(np.diff(item, append=-1))
    best, chosen = np.zeros(problem.items), own_phrase.astype(object)
    best[item[last]] = of_group[row[last]]
    by_group = best > own
    of_item = np.zeros(problem.items, dtype=np.int64)
    of_item[item[last]] = row[last]
    chosen[by_group] = phrase[of_item[by_group]]
    return chosen
