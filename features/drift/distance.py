"""Distance of two distributions over the same categories, and of two levels."""

from __future__ import annotations

import numpy as np


def categorical_stability_index(reference: np.ndarray, current: np.ndarray) -> float | None:
    """Sum of (p - q) ln(p / q) over categories, p and q their shares of the current and the reference counts.

    It is the population stability index (Siddiqi, Credit Risk Scorecards, 2006). An empty category counts as half a
    row; None if either side has no rows.
    """
    if not reference.sum() or not current.sum():
        return None
    p = np.maximum(current, 0.5) / current.sum()
    q = np.maximum(reference, 0.5) / reference.sum()
    return float(((p - q) * np.log(p / q)).sum())


def level_change(reference: float, current: float) -> float | None:
    """|ln(current / reference)|: 0.69 for twice as much and for half; None if either is 0."""
    if reference <= 0 or current <= 0:
        return None
    return abs(float(np.log(current / reference)))
