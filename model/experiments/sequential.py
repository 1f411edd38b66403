"""Tests and intervals that stay valid under optional stopping, however often they are read.

The mixture sequential probability ratio test for a normal mean (Robbins 1970; Johari, Koomen, Pekelis and Walsh,
"Always valid inference", Operations Research 2022): the likelihood ratio of the difference, averaged over normal
alternatives N(0, spread^2), exceeds 1 / alpha at any time with probability at most alpha where there is no effect.
Means over many shoppers are close to normal.
"""

from __future__ import annotations

import numpy as np


def always_valid_p(difference: np.ndarray, variance: np.ndarray, spread: float) -> np.ndarray:
    """float64 (looks), in the order of time, along the last axis: the p-value of no difference, never rising.

    difference, variance: float64 (looks), the estimate and the variance of its error at each look; spread: the size of
    the effects to detect, in the difference's units; a wrong one costs power, not validity.
    """
    safe = np.maximum(variance, 1e-300)
    together = safe + spread**2
    logarithm = 0.5 * np.log(together / safe) - spread**2 * difference**2 / (2 * safe * together)
    p = np.where(variance > 0, np.exp(np.minimum(logarithm, 0.0)), 1.0)
    return np.minimum.accumulate(p, axis=-1)


def always_valid_interval(
    difference: np.ndarray, variance: np.ndarray, spread: float, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """float64 (looks): a confidence sequence; all of its intervals together hold the truth with 1 - alpha.

    The differences that the test does not reject. An estimate without a variance is unbounded.
    """
    safe = np.maximum(variance, 1e-300)
    together = safe + spread**2
    width = np.sqrt(safe * together / spread**2 * (2 * np.log(1 / alpha) + np.log(together / safe)))
    width = np.where(variance > 0, width, np.inf)
    return difference - width, difference + width


def holm(p_values: np.ndarray) -> np.ndarray:
    """float64: p-values corrected for their number (Holm 1979); p-values that are always valid stay so."""
    order = np.argsort(p_values)
    corrected = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    in_order = np.empty(len(p_values))
    in_order[order] = np.minimum(corrected, 1.0)
    return in_order
