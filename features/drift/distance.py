"""Distance of two distributions over the same categories."""

from __future__ import annotations

import numpy as np


def categorical_stability_index(reference: np.ndarray, current: np.ndarray) -> float | None:
    """Sum of (p - q) ln(p / q) over categories, p and q their shares of the current and the reference counts.

    It is the population stability index (Siddiqi, Credit Risk Scorecards, 2006). An empty category counts as half a
    row; None where either side is empty altogether.
    """
    if not reference.sum() or not current.sum():
        return None
    p = np.maximum(current, 0.5) / current.sum()
    q = np.maximum(reference, 0.5) / reference.sum()
    return float(((p - q) * np.log(p / q)).sum())
