"""Variance reduction by what was measured before the test."""

from __future__ import annotations

import numpy as np

from model.experiments.moments import Moments

_LEAST_EIGENVALUE = 1e-12  # of the largest of the correlations: below are collinear covariates
_LEAST_DEVIATION = 1e-10  # of the root mean square: below is a constant with rounding errors


def regression(*arms: Moments) -> np.ndarray:
    """float64 (covariates, days): the coefficients theta of CUPED (Deng, Xu, Kohavi and Walker, WSDM 2013).

    The metric less (before - its mean) theta has the same effect and less variance. `before` has to be measured before
    the test began, or part of the effect would be removed. theta is the regression within arms, so that the effect does
    not bias it. A covariate without variance has no influence.
    """
    products = np.sum([arm.before_products for arm in arms], axis=0)
    cross = np.sum([arm.cross_products for arm in arms], axis=0)
    scale = np.sqrt(np.diag(products))
    size = np.sqrt(np.sum([arm.shoppers * arm.before**2 for arm in arms], axis=0))
    scale = np.where(scale > _LEAST_DEVIATION * size, scale, np.inf)
    correlations = products / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(correlations)
    sound = values > _LEAST_EIGENVALUE * max(values.max(initial=0.0), 1e-300)
    inverse = (vectors[:, sound] / values[sound]) @ vectors[:, sound].T
    return (inverse @ (cross / scale[:, None])) / scale[:, None]


def adjusted_squares(arm: Moments, theta: np.ndarray) -> np.ndarray:
    """float64 (days): sums of squared deviations within the arm of the metric after the adjustment by `theta`."""
    squares = arm.squares - 2 * np.einsum("cd,cd->d", theta, arm.cross_products)
    return np.maximum(squares + np.einsum("cd,ce,ed->d", theta, arm.before_products, theta), 0.0)
