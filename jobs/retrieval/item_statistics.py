"""The channels that are the same for every shopper."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from model.retrieval.affinities import NEVER_DAYS
from model.retrieval.channels import ITEM_CHANNELS


def item_statistics(
    sales: pd.DataFrame, product_type: np.ndarray, eligible: np.ndarray, promotions: sparse.csr_matrix
) -> np.ndarray:
    """[channels, n] float32 in the order of ITEM_CHANNELS.

    `sales` has item_row, lines, buyers, first_days, last_days and a decayed sum for each popularity channel; items
    without a row never sold. `promotions` [stores, n] are the shares of the last weeks with a promotion.
    """
    m = len(product_type)
    columns = {name: np.zeros(m) for name in sales.columns if name != "item_row"}
    columns["last_days"][:] = NEVER_DAYS
    for name, column in columns.items():
        column[sales.item_row] = sales[name]
    recent = columns["popularity_30d"]
    of_type = np.bincount(product_type, weights=recent, minlength=1)
    statistics = {
        **{name: np.log1p(columns[name]) for name in columns if name.startswith("popularity")},
        "buyers": np.log1p(columns["buyers"]),
        # Two buyers of prior keep a single repeat purchase from looking like loyalty.
        "repeat_rate": np.log((columns["lines"] + 2.0) / (columns["buyers"] + 2.0)),
        "share_of_type": np.log((recent + 0.1) / (of_type[product_type] + 1.0)),
        "days_since_last_sale": np.log1p(np.minimum(columns["last_days"], NEVER_DAYS)),
        "days_since_first_sale": np.log1p(np.minimum(columns["first_days"], NEVER_DAYS)),
    }
    reach = np.log1p(np.asarray(promotions.sum(axis=0)).ravel())
    rows = [reach if name == "promotion_reach" else statistics[name][eligible] for name in ITEM_CHANNELS]
    return np.stack(rows).astype(np.float32)


def relative_prices(price: np.ndarray, product_type: np.ndarray) -> np.ndarray:
    """[m] float32: log price less the mean log price of the item's product type; 0 where the price is unknown (0)."""
    known = price > 0
    log_price = np.log(np.where(known, price, 1.0))
    count = np.bincount(product_type, weights=known)
    mean = np.bincount(product_type, weights=log_price) / np.maximum(count, 1.0)
    return np.where(known, log_price - mean[product_type], 0.0).astype(np.float32)
