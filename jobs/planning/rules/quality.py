"""Items that may not be lifted, by what their texts say or what reviewers say of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jobs.config.plan import BAD_SHARE, NOT_LIFTED_BY, REVIEWS, Plan


def may_be_lifted(plan: Plan, items: pd.DataFrame) -> np.ndarray:
    """bool (items): whether floors and exploration may lift each. items: the columns that the plan names."""
    return ~(has_named_word(plan, items) | _has_bad_reviews(plan, items))


def has_named_word(plan: Plan, items: pd.DataFrame) -> np.ndarray:
    """bool (items): whether plan.not_lifted names a word of each item's texts; then pins and bids do not lift it."""
    if not plan.not_lifted.words:
        return np.zeros(len(items), dtype=bool)
    return had_named_word(items)


def had_named_word(items: pd.DataFrame) -> np.ndarray:
    """bool (items): whether plan.not_lifted named a word of each item's texts that night, by NOT_LIFTED_BY."""
    return items[NOT_LIFTED_BY].notna().to_numpy(dtype=bool)


def _has_bad_reviews(plan: Plan, items: pd.DataFrame) -> np.ndarray:
    most = plan.quality.bad_reviews_share
    if most is None:
        return np.zeros(len(items), dtype=bool)
    is_known = items[REVIEWS].to_numpy(np.float64) >= plan.quality.least_reviews
    is_bad: np.ndarray = is_known & (items[BAD_SHARE].to_numpy(np.float64) > most)
    return is_bad
