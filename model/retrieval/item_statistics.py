"""Channels of the item alone: computed once a date and the same for every shopper."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from model.retrieval.affinities import NEVER_DAYS
from model.retrieval.catalogue import Catalogue
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import Shoppers


@dataclass(frozen=True)
class ItemSales:
    """What was sold of m known items before a date, an array [m] each.

    lines, buyers: purchase lines and different shoppers
    first_days, last_days: days before the date; 0 and NEVER_DAYS of an item without a sale
    decayed: by name of a `Popularity`, its decayed purchases
    product_type: codes, 0 for none
    promoted: float32, the shares of the last weeks with a promotion, summed over the stores
    """

    lines: np.ndarray
    buyers: np.ndarray
    first_days: np.ndarray
    last_days: np.ndarray
    decayed: Mapping[str, np.ndarray]
    product_type: np.ndarray
    promoted: np.ndarray


class ItemScore(ABC):
    """A score that `Catalogue.item_statistics` holds under a name."""

    name: str

    @abstractmethod
    def statistic(self, sales: ItemSales) -> np.ndarray:
        """[m] scores of all known items."""

    def __call__(self, catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> np.ndarray:
        """[1, n] the row for all shoppers."""
        return np.asarray(catalogue.item_statistics[self.name])[None]


@dataclass(frozen=True)
class Popularity(ItemScore):
    """log(1 + purchases), each halved every `half_life_days`; None is the configured half-life."""

    name: str
    half_life_days: float | None = None

    def statistic(self, sales: ItemSales) -> np.ndarray:
        return np.log1p(sales.decayed[self.name])


@dataclass(frozen=True)
class Statistic(ItemScore):
    """A function of the sales."""

    name: str
    function: Callable[[ItemSales], np.ndarray]

    def statistic(self, sales: ItemSales) -> np.ndarray:
        return self.function(sales)


def buyers(sales: ItemSales) -> np.ndarray:
    """log(1 + buyers)."""
    return np.log1p(sales.buyers)


def repeat_rate(sales: ItemSales) -> np.ndarray:
    """log(purchase lines a buyer)."""
    # Two buyers of prior keep a single repeat purchase from looking like loyalty.
    return np.log((sales.lines + 2.0) / (sales.buyers + 2.0))


def share_of_type(sales: ItemSales) -> np.ndarray:
    """log of the item's share of its product type's purchases, with a half-life of 30 days."""
    recent = sales.decayed["popularity_30d"]
    of_type = np.bincount(sales.product_type, weights=recent, minlength=1)
    return np.log((recent + 0.1) / (of_type[sales.product_type] + 1.0))


def days_since_last_sale(sales: ItemSales) -> np.ndarray:
    """log(1 + days), of NEVER_DAYS at most."""
    return np.log1p(np.minimum(sales.last_days, NEVER_DAYS))


def days_since_first_sale(sales: ItemSales) -> np.ndarray:
    """log(1 + days), of NEVER_DAYS at most."""
    return np.log1p(np.minimum(sales.first_days, NEVER_DAYS))


def promotion_reach(sales: ItemSales) -> np.ndarray:
    """log(1 + stores with a promotion), each by its share of the last weeks."""
    return np.log1p(sales.promoted)


def item_statistics(scores: Iterable[ItemScore], sales: ItemSales, eligible: np.ndarray) -> dict[str, np.ndarray]:
    """[n] float32 of each score by its name, for `Catalogue.item_statistics`."""
    return {score.name: score.statistic(sales)[eligible].astype(np.float32) for score in scores}
