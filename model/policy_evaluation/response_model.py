"""Responses expected of an exposure from its predicted relevance: the model inside the doubly robust estimate.

response ~ examination of the position x exp(a + b log relevance), fitted by Poisson likelihood, which gives consistent
means of any response that is not negative (Gourieroux, Monfort and Trognon 1984). A shopper's responses are predicted
from other shoppers only (cross-fitting, Chernozhukov et al. 2018): otherwise errors of model and estimate correlate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.policy_evaluation.log import LoggedExposures

FOLDS = 5
_LEAST_RELEVANCE = 1e-6
_RIDGE = 1.0  # pulls b towards 1, with the weight of one response: the relevance is calibrated up to a factor


@dataclass(frozen=True)
class ResponseModel:
    """coefficients: float64 (folds, 2), a and b for the shoppers of each fold; examination: float64 (positions)."""

    coefficients: np.ndarray
    examination: np.ndarray

    def expected(self, user: np.ndarray, position: np.ndarray, relevance: np.ndarray) -> np.ndarray:
        """float64: expected response of exposures."""
        level, slope = self.coefficients[user % len(self.coefficients)].T
        return self.examination[position] * np.exp(level + slope * _logarithm(relevance))


def fitted(log: LoggedExposures, examination: np.ndarray) -> ResponseModel:
    """The model of every fold, fitted on the other folds. Raises ValueError where these hold no response."""
    x = _logarithm(log.relevance)
    offset = np.log(np.maximum(examination[log.position], 1e-12))
    of_fold = log.user % FOLDS
    coefficients = []
    for fold in range(FOLDS):
        others = of_fold != fold
        if not np.any(log.response[others] > 0):
            raise ValueError(
                "No response was logged after any exposure, so no response model can be fitted; log more nights."
            )
        coefficients.append(_poisson(x[others], offset[others], log.response[others], log.weight[others]))
    return ResponseModel(np.array(coefficients), examination)


def _logarithm(relevance: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(relevance, _LEAST_RELEVANCE))


def _poisson(x: np.ndarray, offset: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """a and b by Newton's method with halved steps; the penalty keeps b near 1 where the log says little."""
    slope = 1.0
    level = float(np.log((weight @ y) / (weight @ np.exp(offset + slope * x))))

    def loss(a: float, b: float) -> float:
        mean = offset + a + b * x
        return float(weight @ (np.exp(np.minimum(mean, 50.0)) - y * mean) + _RIDGE / 2 * (b - 1.0) ** 2)

    now = loss(level, slope)
    for _ in range(50):
        mean = weight * np.exp(offset + level + slope * x)
        rest = mean - weight * y
        gradient = np.array([rest.sum(), rest @ x + _RIDGE * (slope - 1.0)])
        hessian = np.array([[mean.sum(), mean @ x], [mean @ x, mean @ x**2 + _RIDGE]])
        step = np.linalg.solve(hessian + 1e-12 * np.eye(2), gradient)
        size = 1.0
        while size > 1e-6 and loss(level - size * step[0], slope - size * step[1]) > now:
            size /= 2
        level, slope = level - size * step[0], slope - size * step[1]
        before, now = now, loss(level, slope)
        if before - now < 1e-10 * max(abs(now), 1.0):
            break
    return level, slope
