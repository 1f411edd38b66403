"""A made-up store whose elasticities are known, with season and promotions that confound prices with sales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WEEKS = 78


@dataclass(frozen=True)
class PriceStore:
    """units, spend, promoted, listed: float64 (items, weeks) a category, listed the price without a promotion's cut;
    elasticity: float64 (categories), the true one"""

    units: tuple[np.ndarray, ...]
    spend: tuple[np.ndarray, ...]
    promoted: tuple[np.ndarray, ...]
    listed: tuple[np.ndarray, ...]
    elasticity: np.ndarray


def price_store(seed: int, categories: int = 12) -> PriceStore:
    """Categories of 6 to 40 items, each item selling 0.5 to 30 units a week at its usual price.

    The elasticity of a category is Normal(-1.8, 0.6), that of an item differs by Normal(0, 0.3). Sales follow a season
    of the category with a factor of up to 2.5 between its ends, and in season the store cuts prices; a promotion cuts
    the price by 10 to 25 % and a display multiplies sales by 1.5 in addition, three times in season for once outside.
    An item's price also moves for its costs. Units are Poisson with a Gamma noise of 30 %; a price is seen only in
    weeks with a sale.
    """
    random = np.random.default_rng(seed)
    elasticity = random.normal(-1.8, 0.6, categories)
    parts = [_category(random, value) for value in elasticity]
    units, spend, promoted, listed = zip(*parts, strict=True)
    return PriceStore(units, spend, promoted, listed, elasticity)


def _category(random: np.random.Generator, elasticity: float) -> tuple[np.ndarray, ...]:
    items = int(random.integers(6, 41))
    shape = (items, WEEKS)
    season = np.sin(2 * np.pi * (np.arange(WEEKS) / 52 + random.random()))
    own = elasticity + random.normal(0, 0.3, items)
    usual = np.exp(random.normal(1.5, 0.6, items))
    sales = np.exp(random.uniform(np.log(0.5), np.log(30), items))
    costs = np.cumsum(random.normal(0, 0.12, shape) * (random.random(shape) < 1 / 13), axis=1)
    promoted = random.random(shape) < np.where(season > 0, 0.15, 0.05)
    cut = promoted * random.uniform(0.10, 0.25, shape)
    log_price = costs - 0.08 * season + np.log1p(-cut)
    log_sales = np.log(sales)[:, None] + own[:, None] * log_price + 0.45 * season + np.log(1.5) * promoted
    units = random.poisson(np.exp(log_sales) * random.gamma(1 / 0.09, 0.09, shape)).astype(np.float64)
    prices = usual[:, None] * np.exp(log_price)
    return units, units * prices, promoted.astype(np.float64), prices / (1 - cut)
