"""Items whose reviews are too bad to be lifted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jobs.config.plan import BAD_SHARE, REVIEWS, Plan


def may_be_lifted(plan: Plan, items: pd.DataFrame) -> np.ndarray:
    """bool (items): whether floors and exploration may lift each. items: the columns that the plan names."""
    most = plan.quality.bad_reviews_share
    if most is None:
        return np.ones(len(items), dtype=bool)
    is_known = items[REVIEWS].to_numpy(np.float64) >= plan.quality.least_reviews
    is_bad = is_known & (items[BAD_SHARE].to_numpy(np.float64) > most)
    return ~is_bad
