"""Which bound holds an item, from the prices of the plan."""

from __future__ import annotations

import numpy as np

from model.exposure.prices import Prices
from model.exposure.problem import Problem
from model.exposure.reasons import HELD_BY_CAP, RAISED_BY_ITEM_FLOOR, raised_by

# Prices below this share of the largest relevance decide nothing.
NEGLIGIBLE = 1e-6


def bindings(problem: Problem, prices: Prices) -> tuple[np.ndarray, np.ndarray]:
    """'cap', 'floor' or 'none' by the sign of an item's net price, and the phrase of the bound that weighs most.

    Both are arrays of strings (items); the phrase is empty where nothing binds.
    """
    least = NEGLIGIBLE * float(problem.relevance.max(initial=0.0))
    floors = np.vstack([prices.item_floor, prices.group[:, None] * problem.membership])
    phrases = np.array([RAISED_BY_ITEM_FLOOR, *(raised_by(group.name) for group in problem.groups)], dtype=object)
    price = prices.cap - floors.sum(axis=0)
    kind = np.where(price > least, "cap", np.where(price < -least, "floor", "none"))
    heaviest = phrases[floors.argmax(axis=0)]
    phrase = np.where(kind == "cap", HELD_BY_CAP, np.where(kind == "floor", heaviest, ""))
    return kind, phrase
