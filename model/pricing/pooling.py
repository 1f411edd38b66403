"""Partial pooling of the elasticities of categories: each is shrunk to their mean according to its own error.

The elasticity of category c is Normal(mean, between^2), its estimate Normal(elasticity, error^2). Mean and `between`
have flat priors; the posterior is integrated over a grid of `between` (Gelman et al., Bayesian Data Analysis, 3rd
edition, section 5.4), so that the intervals include the uncertainty of how much categories differ, which a
plug-in empirical Bayes leaves out (Morris 1983).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

LEVEL = 0.9  # of the intervals
LEAST_POOLED = 4  # categories; fewer do not show how much categories differ
_GRID, _BISECTIONS = 80, 40


@dataclass(frozen=True)
class Pooled:
    """The posterior of each category as a mixture of normals over the grid of `between`.

    weights: float64 (grid); means, deviations: float64 (grid, categories)
    """

    weights: np.ndarray
    means: np.ndarray
    deviations: np.ndarray

    def quantiles(self, levels: np.ndarray) -> np.ndarray:
        """float64 (levels, categories). levels: float64 in (0, 1)"""
        far = 8.0 * self.deviations
        low = np.repeat((self.means - far).min(axis=0)[None], len(levels), axis=0)
        high = np.repeat((self.means + far).max(axis=0)[None], len(levels), axis=0)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            below = norm.cdf((middle[:, None] - self.means) / self.deviations)
            too_low = np.einsum("g,lgc->lc", self.weights, below) < levels[:, None]
            low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
        return (low + high) / 2


def pooled(estimates: np.ndarray, errors: np.ndarray, freedom: np.ndarray) -> Pooled:
    """The posterior of each category; with fewer than LEAST_POOLED, that of its own estimate.

    estimates, errors, freedom: float64 (categories), finite, errors > 0. An error of few degrees of freedom is itself
    uncertain: it is enlarged as Student's interval is wider than the normal one.
    """
    level = (1 + LEVEL) / 2
    errors = errors * t.ppf(level, np.maximum(freedom, 1.0)) / norm.ppf(level)
    if len(estimates) < LEAST_POOLED:
        return Pooled(np.ones(1), estimates[None], errors[None])
    most = 3.0 * max(float(estimates.std()), float(np.median(errors)))
    between = (np.arange(_GRID) + 0.5)[:, None] * most / _GRID
    variance = errors**2 + between**2
    precision = (1.0 / variance).sum(axis=1, keepdims=True)
    mean = (estimates / variance).sum(axis=1, keepdims=True) / precision
    log_weight = -0.5 * (np.log(precision[:, 0]) + (np.log(variance) + (estimates - mean) ** 2 / variance).sum(axis=1))
    weights = np.exp(log_weight - log_weight.max())
    own = between**2 / variance  # weight of an estimate against the mean of all
    means = own * estimates + (1 - own) * mean
    return Pooled(weights / weights.sum(), means, np.sqrt(own * errors**2 + (1 - own) ** 2 / precision))
