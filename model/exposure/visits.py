"""How often shoppers will ask for their lists, from how often they asked and from how much they do at the store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import isotonic_regression

FOLDS = 5


def expected_visits(
    chance: np.ndarray, requests: np.ndarray, days: np.ndarray, activity: Sequence[np.ndarray] = ()
) -> np.ndarray:
    """float64 (shoppers) > 0: expected requests of a list a day.

    chance: float64 (shoppers), of coming to the store on a day; requests: float64 (shoppers), lists asked for in so
    many days; days: float64 (shoppers) >= 1; activity: other measures (shoppers) of how much each does at the store.
    Returns `chance` where nobody asked. The requests of a shopper are Poisson with a rate from a gamma distribution
    around what shoppers alike ask for, which rises with one of the measures (isotonic regression), the one by which
    requests of shoppers that were left out are told best; how far rates lie around it is told by moments, and the
    result is the posterior mean (gamma-Poisson shrinkage, as by DuMouchel, The American Statistician 1999).
    """
    if not requests.sum() > 0:
        return chance.astype(np.float64)
    measure = _telling([chance, *activity], requests, days)
    mean = np.maximum(_rising(measure, requests, days)[np.unique(measure, return_inverse=True)[1]], _least(days))
    expected = mean * days
    excess = float(np.sum((requests - expected) ** 2 - expected))
    shape = float(np.sum(expected**2)) / excess if excess > 0 else np.inf
    if np.isinf(shape):
        return mean
    posterior: np.ndarray = mean * (shape + requests) / (shape + expected)
    return posterior


def _telling(measures: Sequence[np.ndarray], requests: np.ndarray, days: np.ndarray) -> np.ndarray:
    """The measure of the greatest Poisson likelihood of the requests of each fold by the rates of the others; the first
    of several."""
    if len(measures) == 1 or len(requests) < 2 * FOLDS:
        return measures[0]
    fold = np.arange(len(requests)) % FOLDS

    def likelihood(measure: np.ndarray) -> float:
        total = 0.0
        for one in range(FOLDS):
            out, kept = fold == one, fold != one
            rates = np.interp(
                measure[out], np.unique(measure[kept]), _rising(measure[kept], requests[kept], days[kept])
            )
            expected = np.maximum(rates, _least(days)) * days[out]
            total += float(np.sum(requests[out] * np.log(expected) - expected))
        return total

    return max(measures, key=likelihood)


def _rising(measure: np.ndarray, requests: np.ndarray, days: np.ndarray) -> np.ndarray:
    """float64 (different values of the measure, rising): the mean rate there; it never falls."""
    group = np.unique(measure, return_inverse=True)[1]
    weight = np.bincount(group, days)
    fitted: np.ndarray = isotonic_regression(np.bincount(group, requests) / weight, weights=weight).x
    return fitted


def _least(days: np.ndarray) -> float:
    """Nobody is taken never to come: half a request of all shoppers together is the least."""
    return 0.5 / float(days.sum())
