"""Sales and prices of items as the arrays that channels of the item alone take."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import sparse

from model.retrieval.affinities import NEVER_DAYS
from model.retrieval.item_statistics import ItemSales


def item_sales(
    sales: pd.DataFrame, popularities: Iterable[str], product_type: np.ndarray, eligible: np.ndarray,
    promotions: sparse.csr_matrix,
) -> ItemSales:  # fmt: skip
    """The sales of all known items [m].

    sales: item_row, lines, buyers, first_days, last_days and a decayed sum named as each of `popularities`; an item
        without a row never sold
    promotions: [stores, n] shares of the last weeks with a promotion of the eligible items
    """
    m = len(product_type)
    columns = {name: np.zeros(m) for name in sales.columns if name != "item_row"}
    columns["last_days"][:] = NEVER_DAYS
    for name, column in columns.items():
        column[sales.item_row] = sales[name]
    by_item = np.asarray(promotions.sum(axis=0)).ravel()
    promoted = np.zeros(m, dtype=by_item.dtype)
    promoted[eligible] = by_item
    return ItemSales(
        columns["lines"], columns["buyers"], columns["first_days"], columns["last_days"],
        {name: columns[name] for name in popularities}, product_type, promoted,
    )  # fmt: skip


def relative_prices(price: np.ndarray, product_type: np.ndarray) -> np.ndarray:
    """[m] float32: log price less the mean log price of the item's product type; 0 where the price is unknown (0)."""
    known = price > 0
    log_price = np.log(np.where(known, price, 1.0))
    count = np.bincount(product_type, weights=known)
    mean = np.bincount(product_type, weights=log_price) / np.maximum(count, 1.0)
    return np.where(known, log_price - mean[product_type], 0.0).astype(np.float32)
