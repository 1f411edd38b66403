"""What a response to an item is worth: margin and bids, in addition to the response itself."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from jobs.config.plan import NOT_LIFTED_BY, Plan
from jobs.planning.rules.quality import has_named_word


class ItemValue(NamedTuple):
    """float64 (items) each: the value of a pair is its relevance x factor + addend."""

    factor: np.ndarray
    addend: np.ndarray


def item_value(plan: Plan, items: pd.DataFrame) -> ItemValue:
    """The value of items; no margin or bid raises that of one which plan.not_lifted names.

    items: the columns of `value_columns`
    """
    factor = np.ones(len(items))
    if plan.worth.margin_column is not None:
        margin = items[plan.worth.margin_column].to_numpy(dtype=np.float64)
        factor = np.maximum(1.0 + plan.worth.margin_weight * np.nan_to_num(margin, nan=0.0), 0.0)
    bids = {provider: sponsor.bid for provider, sponsor in plan.sponsors.items()}
    bid = np.nan_to_num(items["provider_id"].map(bids).to_numpy(dtype=np.float64), nan=0.0)
    has_word = has_named_word(plan, items)
    return ItemValue(
        np.where(has_word, np.minimum(factor, 1.0), factor), np.where(has_word, 0.0, plan.worth.bid_weight * bid)
    )


def value_columns(plan: Plan) -> tuple[str, ...]:
    """item_id and the columns that `item_value` reads."""
    margin, by_words = plan.worth.margin_column, [NOT_LIFTED_BY] if plan.not_lifted.words else []
    return tuple(dict.fromkeys(["item_id", "provider_id", *([margin] if margin else []), *by_words]))
