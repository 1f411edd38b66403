"""How much exposure an item has left during the day of a night."""

from __future__ import annotations

import numpy as np


def live_factor(used: np.ndarray, cap: np.ndarray, ease_from: float) -> np.ndarray:
    """float64 (items) in [0, 1]: 1 up to ease_from of the cap, then falling in a line to 0 at the cap.

    used: exposures so far; cap: most of the day, NaN where the item has none, which gives 1; ease_from in [0, 1).
    The factor falls gradually because readers hold values that are seconds old: a hard stop would overshoot.
    """
    part = np.divide(used, cap, out=np.full(len(used), np.inf), where=cap > 0)
    factor = np.clip((1.0 - part) / (1.0 - ease_from), 0.0, 1.0)
    return np.where(np.isnan(cap), 1.0, factor)
