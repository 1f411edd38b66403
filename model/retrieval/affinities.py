"""Channels of what a shopper bought of the item's kind: its type, category, brand, provider, title, price tier.

A kind is a code of `Catalogue.codes`; its scores are computed once for all items of the kind. Code 0 is no kind.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from model.retrieval.catalogue import Catalogue
from model.retrieval.channel import Score
from model.retrieval.scores import ChannelScores
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import Shoppers

NEVER_DAYS = 400.0
# The gap, in log price, to a type of which the shopper never bought.
_UNKNOWN_GAP = 1.0
_NEW_DAYS = 56.0


def affinity(kind: str) -> Score:
    """log(1 + decayed purchases of the item's kind)."""

    def score(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> ChannelScores:
        code = catalogue.codes[kind]
        counts = shoppers.counts(code[shoppers.item], _width(code), settings.affinity_half_life_days)
        return ChannelScores(np.log1p(counts.toarray()), catalogue.eligible_codes[kind])

    return score


def loyalty(kind: str) -> Score:
    """log(1 + purchases of the item's kind, ever)."""

    def score(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> ChannelScores:
        code = catalogue.codes[kind]
        counts = shoppers.counts(code[shoppers.item], _width(code), None)
        return ChannelScores(np.log1p(counts.toarray()), catalogue.eligible_codes[kind])

    return score


def type_recency(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> ChannelScores:
    """1 at once after a purchase of the item's product type, falling with log days to 0 at 400 days or never."""
    code = catalogue.codes["product_type"]
    days = shoppers.last_days(code[shoppers.item], _width(code), NEVER_DAYS)
    days[:, 0] = NEVER_DAYS
    near = 1.0 - np.log1p(np.minimum(days, NEVER_DAYS)) / np.float32(np.log1p(NEVER_DAYS))
    return ChannelScores(near, catalogue.eligible_codes["product_type"])


def type_variety(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> ChannelScores:
    """log(1 + different items of the item's product type that the shopper ever bought)."""
    return _different(catalogue, shoppers, "product_type", np.inf)


def type_novelty(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> ChannelScores:
    """log(1 + items of the product type that the shopper bought for the first time in the last 56 days)."""
    return _different(catalogue, shoppers, "product_type", _NEW_DAYS)


def category_novelty(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> ChannelScores:
    """The same within the item's category."""
    return _different(catalogue, shoppers, "category", _NEW_DAYS)


def _different(catalogue: Catalogue, shoppers: Shoppers, kind: str, days: float) -> ChannelScores:
    code = catalogue.codes[kind]
    first = shoppers.first_purchases()
    counted = first[shoppers.days_ago[first] <= days]
    row, of_kind = shoppers.row[counted], code[shoppers.item[counted]]
    known = of_kind > 0
    counts = np.zeros((len(shoppers), _width(code)), dtype=np.float32)
    np.add.at(counts, (row[known], of_kind[known]), 1.0)
    return ChannelScores(np.log1p(counts), catalogue.eligible_codes[kind])


def price_gap(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> np.ndarray:
    """|log price of the item within its product type - mean of what the shopper bought of the type|, [b, n].

    Prices are logarithms less the mean of their type; a shopper who never bought of the type has a gap of 1.
    """
    code = catalogue.codes["product_type"]
    price = catalogue.relative_price
    of_item = code[shoppers.item]
    known = of_item > 0
    shape = (len(shoppers), _width(code))
    at = (shoppers.row[known], of_item[known])
    count = sparse.csr_matrix((np.ones(known.sum(), dtype=np.float32), at), shape=shape).toarray()
    total = sparse.csr_matrix((price[shoppers.item[known]], at), shape=shape).toarray()
    mean = total / np.maximum(count, np.float32(1.0))
    column = catalogue.eligible_codes["product_type"]
    gap = np.abs(np.take(mean, column, axis=1) - price[catalogue.eligible])
    return np.where(np.take(count, column, axis=1) > 0, gap, np.float32(_UNKNOWN_GAP))


def _width(code: np.ndarray) -> int:
    return int(code.max(initial=0)) + 1
