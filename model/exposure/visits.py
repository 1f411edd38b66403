"""Expected requests of shoppers for their lists, from earlier requests and their activity at the store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import isotonic_regression

FOLDS = 5


def expected_visits(
    chance: np.ndarray, requests: np.ndarray, days: np.ndarray, activity: Sequence[np.ndarray] = ()
) -> np.ndarray:
    """float64 (shoppers) > 0: expected requests of a list a day.

    chance: float64 (shoppers), of visiting the store on a day; requests: float64 (shoppers), requests for lists in
    `days`; days: float64 (shoppers) >= 1; activity: other measures of activity, each float64 (shoppers).
    Returns `chance` where no list was requested. Requests of a shopper are Poisson with a gamma-distributed rate. The
    mean rate rises with one of the measures (isotonic regression), the one that best predicts requests of held-out
    shoppers; the variance around it is estimated by moments, and the result is the posterior mean (gamma-Poisson
    shrinkage, DuMouchel, The American Statistician 1999).
    """
    if not requests.sum() > 0:
        return chance.astype(np.float64)
    measure = _best_predictor([chance, *activity], requests, days)
    mean = np.maximum(_rising(measure, requests, days)[np.unique(measure, return_inverse=True)[1]], _least(days))
    expected = mean * days
    excess = float(np.sum((requests - expected) ** 2 - expected))
    shape = float(np.sum(expected**2)) / excess if excess > 0 else np.inf
    if np.isinf(shape):
        return mean
    posterior: np.ndarray = mean * (shape + requests) / (shape + expected)
    return posterior


def _best_predictor(measures: Sequence[np.ndarray], requests: np.ndarray, days: np.ndarray) -> np.ndarray:
    """The measure with the largest cross-validated Poisson likelihood of the requests; the first one of equals."""
    if len(measures) == 1 or len(requests) < 2 * FOLDS:
        return measures[0]
    fold = np.arange(len(requests)) % FOLDS

    def likelihood(measure: np.ndarray) -> float:
        total = 0.0
        for number in range(FOLDS):
            out, fitted = fold == number, fold != number
            rates = _rising(measure[fitted], requests[fitted], days[fitted])
            expected = np.maximum(np.interp(measure[out], np.unique(measure[fitted]), rates), _least(days)) * days[out]
            total += float(np.sum(requests[out] * np.log(expected) - expected))
        return total

    return max(measures, key=likelihood)


def _rising(measure: np.ndarray, requests: np.ndarray, days: np.ndarray) -> np.ndarray:
    """float64 (distinct values of the measure, ascending): mean rate, not falling."""
    group = np.unique(measure, return_inverse=True)[1]
    weight = np.bincount(group, days)
    fitted: np.ndarray = isotonic_regression(np.bincount(group, requests) / weight, weights=weight).x
    return fitted


def _least(days: np.ndarray) -> float:
    """The least rate of a shopper, above 0: half a request of all shoppers together."""
    return 0.5 / float(days.sum())
