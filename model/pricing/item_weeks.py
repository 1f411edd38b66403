"""Weekly units and prices of the items of one category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEAST_KNOWN = 0.9  # of an item's weeks, with a price that was paid or listed
_LARGEST_RATIO = 4.0  # of a price to the item's median, or back: beyond is an error, another pack or currency


@dataclass(frozen=True)
class ItemWeeks:
    """Weeks are in order, the oldest first.

    units: float64 (items, weeks) >= 0
    price: float64 (items, weeks), of a unit, > 0; NaN in weeks that do not count for the item
    promoted: float64 (items, weeks), share of the stores that promoted it
    """

    units: np.ndarray
    price: np.ndarray
    promoted: np.ndarray

    @property
    def moved(self) -> np.ndarray:
        """bool (items): whether the price of a unit differed by 3 % or more between two weeks."""
        known = np.isfinite(self.price)
        highest = np.where(known, self.price, 0.0).max(axis=1, initial=0.0)
        lowest = np.where(known, self.price, np.inf).min(axis=1, initial=np.inf)
        return highest >= 1.03 * lowest

    def tried(self) -> tuple[float, float]:
        """Relative distance of the 5 % and the 95 % quantile of weekly prices from the median price of their item."""
        rows = np.isfinite(self.price) & self.moved[:, None]
        if not rows.any():
            return 0.0, 0.0
        prices = np.where(rows, self.price, np.nan)[rows.any(axis=1)]
        ratios = prices / np.nanmedian(prices, axis=1, keepdims=True) - 1.0
        low, high = np.nanquantile(ratios, [0.05, 0.95])
        return min(float(low), 0.0), max(float(high), 0.0)


def item_weeks(
    units: np.ndarray, spend: np.ndarray, promoted: np.ndarray, listed: np.ndarray, list_price: np.ndarray
) -> ItemWeeks:
    """Weekly sums as ItemWeeks.

    The price of a week with sales is spend / units. In a week without sales no price was paid, and these are the weeks
    in which it was too high: there it is the listed price times the item's usual ratio of paid to listed price. Without
    a listed price the newest earlier price that was paid takes its place, before the first sale the first one. An item
    with a price, paid or listed, in less than LEAST_KNOWN of its weeks is left out: it lacks its highest prices. So are
    weeks in which an item was not listed, was given away, or sold at less than a quarter or more than four times its
    median price.

    units, spend, promoted, list_price: float64 (items, weeks), the oldest first; list_price NaN or 0 where unknown
    listed: bool (items, weeks)
    """
    sold, free = units > 0, (units > 0) & (spend <= 0)
    paid = np.divide(spend, units, out=np.full(units.shape, np.nan), where=sold & ~free)
    usual = _median(paid)
    implausible = np.isfinite(paid) & ~((paid >= usual / _LARGEST_RATIO) & (paid <= usual * _LARGEST_RATIO))
    paid[implausible] = np.nan
    shown = np.where(list_price > 0, list_price, np.nan)
    shown = shown * _median(paid / shown)
    seen = np.where(np.isfinite(paid), paid, shown)
    price = np.where(np.isfinite(seen), seen, _carried(paid))
    usable = listed & ~free & ~implausible
    known = (np.isfinite(seen) & usable).sum(axis=1) >= LEAST_KNOWN * usable.sum(axis=1)
    price[~usable | ~known[:, None]] = np.nan
    return ItemWeeks(np.where(np.isfinite(price), units, 0.0), price, promoted)


def _median(paid: np.ndarray) -> np.ndarray:
    """float64 (items, 1): NaN for an item that no shopper paid for."""
    medians = np.full((len(paid), 1), np.nan)
    bought = np.isfinite(paid).any(axis=1)
    medians[bought] = np.nanmedian(paid[bought], axis=1, keepdims=True)
    return medians


def _carried(paid: np.ndarray) -> np.ndarray:
    """float64 (items, weeks): the newest price paid until each week, or the first one."""
    weeks = np.arange(paid.shape[1])
    newest = np.maximum.accumulate(np.where(np.isfinite(paid), weeks, -1), axis=1)
    first = np.argmax(np.isfinite(paid), axis=1)[:, None]
    return np.take_along_axis(paid, np.where(newest >= 0, newest, first), axis=1)
