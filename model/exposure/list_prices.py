"""Prices at which lists are rounded: those of the items, dithered where many shoppers are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.exposure.hashed_random import uniform


@dataclass(frozen=True)
class ListPrices:
    """item: float64 (items), the price q of an item; width: float64 (items) >= 0, of the interval around it that the
    prices of its pairs lie in.

    At one price, shoppers with equal values all take an item or none does, and a floor between both is met by swaps. In
    an interval the hash of a pair decides, so the share of them that takes it rises evenly with the price.
    """

    item: np.ndarray
    width: np.ndarray

    def of_pairs(self, item_index: np.ndarray, pair_seed: np.ndarray) -> np.ndarray:
        """float64 (pairs). item_index: int (pairs); pair_seed: uint64 (pairs), of the names of shopper and item"""
        price, width = self.item[item_index], self.width[item_index]
        dithered = np.flatnonzero(width > 0)
        price[dithered] += width[dithered] * (uniform(pair_seed[dithered]) - 0.5)
        return price


def undithered(item: np.ndarray) -> ListPrices:
    """The prices of items, float64 (items), for all their pairs."""
    return ListPrices(item, np.zeros(len(item)))
