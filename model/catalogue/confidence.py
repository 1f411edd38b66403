"""How often the most likely category is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

_MOST_CERTAIN = 1e-6


@dataclass(frozen=True)
class Confidence:
    """log-odds of being right = a ln(c) - b ln(1 - c) + m of a chance c (beta calibration: Kull, Silva Filho and Flach,
    2017), a and b at least 0, so that the order stays.

    Chances of least log-loss over all categories need not be right for the most likely one: labels that no text shows
    keep a certain text from being right in all cases, which one temperature cannot express.
    """

    a: float
    b: float
    m: float

    @classmethod
    def fit(cls, chance: np.ndarray, right: np.ndarray) -> Confidence:
        """Of held-out chances [n] and whether they were right, with a normal prior around (1, 1, 0)."""
        low, high, prior = np.log(_clipped(chance)), -np.log1p(-_clipped(chance)), 1.0 / max(len(chance), 1)
        centre = np.array([1.0, 1.0, 0.0])

        def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
            logit = parameters[0] * low + parameters[1] * high + parameters[2]
            error = expit(logit) - right
            away = parameters - centre
            value = prior * ((np.logaddexp(0.0, logit) - right * logit).sum() + away @ away)
            slope = prior * (np.array([error @ low, error @ high, error.sum()]) + 2.0 * away)
            return float(value), slope

        bounds = [(0.0, None), (0.0, None), (None, None)]
        return cls(*minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=bounds).x.tolist())

    def __call__(self, chance: np.ndarray) -> np.ndarray:
        """The calibrated chances."""
        clipped = _clipped(chance)
        return expit(self.a * np.log(clipped) - self.b * np.log1p(-clipped) + self.m)


def _clipped(chance: np.ndarray) -> np.ndarray:
    return np.clip(np.asarray(chance, dtype=np.float64), _MOST_CERTAIN, 1.0 - _MOST_CERTAIN)
