"""What a response to an item is worth, beside being one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jobs.config.plan import Plan


def worth_of(plan: Plan, items: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """factor and addend, float64 (items): value = relevance x factor + addend.

    items: provider_id, and plan.worth.margin_column where one is named
    """
    factor = np.ones(len(items))
    if plan.worth.margin_column is not None:
        margin = items[plan.worth.margin_column].to_numpy(dtype=np.float64)
        factor = np.maximum(1.0 + plan.worth.margin_weight * np.nan_to_num(margin, nan=0.0), 0.0)
    bids = {provider: sponsor.bid for provider, sponsor in plan.sponsors.items()}
    bid = np.nan_to_num(items["provider_id"].map(bids).to_numpy(dtype=np.float64), nan=0.0)
    return factor, plan.worth.bid_weight * bid


def worth_columns(plan: Plan) -> tuple[str, ...]:
    """item_id and the columns that `worth_of` reads."""
    margin = plan.worth.margin_column
    return tuple(dict.fromkeys(["item_id", "provider_id", *([margin] if margin else [])]))
