"""How often shoppers will ask for their lists, from how often they asked and from how often they come at all."""

from __future__ import annotations

import numpy as np
from scipy.optimize import isotonic_regression


def expected_visits(chance: np.ndarray, requests: np.ndarray, days: np.ndarray) -> np.ndarray:
    """float64 (shoppers) > 0: expected requests of a list a day.

    chance: float64 (shoppers), of coming to the store on a day; requests: float64 (shoppers), lists asked for in so
    many days; days: float64 (shoppers) >= 1. Returns `chance` where nobody asked. The requests of a shopper are Poisson
    with a rate from a gamma distribution around what shoppers of a like chance ask for, which rises with it (isotonic
    regression); how far rates lie around it is told by moments, and the result is the posterior mean (gamma-Poisson
    shrinkage, as by DuMouchel, The American Statistician 1999).
    """
    if not requests.sum() > 0:
        return chance.astype(np.float64)
    # Nobody is taken never to come: half a request of all shoppers together is the least.
    mean = np.maximum(_rising(chance, requests / days, days), 0.5 / days.sum())
    expected = mean * days
    excess = float(np.sum((requests - expected) ** 2 - expected))
    shape = float(np.sum(expected**2)) / excess if excess > 0 else np.inf
    if np.isinf(shape):
        return mean
    posterior: np.ndarray = mean * (shape + requests) / (shape + expected)
    return posterior


def _rising(chance: np.ndarray, rate: np.ndarray, days: np.ndarray) -> np.ndarray:
    """float64 (shoppers): the mean rate of those with a like chance; it never falls as the chance rises."""
    group = np.unique(chance, return_inverse=True)[1]
    weight = np.bincount(group, days)
    fitted: np.ndarray = isotonic_regression(np.bincount(group, rate * days) / weight, weights=weight).x
    return fitted[group]
