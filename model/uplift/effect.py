"""The effect of being shown as a share of f, with its error, by a doubly robust regression shrunk to f.

effect of one view = f (1 + phi . beta), phi of the pair: 1, minus the demand without exposure over f, log f and the
features, standardised. beta solves the weighted least squares of the doubly robust moments for the effect on those
shown (Sant'Anna and Zhao 2020): drawn units bring response - demand - dose f (1 + phi . beta), units that were not
drawn correct the demand by their response - demand, weighted by the odds of being drawn. The moments hold if either the
propensities or the demand are right; here propensities are known. beta has a normal prior around 0, that is around f,
whose variance for the features is estimated from the log itself (empirical Bayes: Morris 1983); where the log says
little, the effect is f. All terms but the constant, which are what changes the order of pairs, are shrunk together by
the positive part of James and Stein (1961): where they explain no more of the log than chance, the order is that of f.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from model.uplift.demand import LEAST_RELEVANCE
from model.uplift.units import PairInputs, Units

# Standard deviations of the prior: of the share of f that is caused, and of its reduction by the demand.
_OF_SHARE, _OF_DEMAND = 0.5, 0.5
_OF_FEATURES = (1e-3, 0.5)  # bounds
_TYPICAL = 0.1  # of the features, a half-normal prior: a few responses do not show large differences between pairs
_LARGEST_RATIO = 3.0  # of demand over f, so that pairs with a tiny f do not decide the fit
_FIRST_OF_FEATURES = 2


@dataclass(frozen=True)
class Effect:
    """mean, covariance: float64 (terms), (terms, terms), posterior of beta
    centre, scale: float64 (terms - 2), of log f and the features
    """

    mean: np.ndarray
    covariance: np.ndarray
    centre: np.ndarray
    scale: np.ndarray

    def of_view(self, pairs: PairInputs, demand: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """float64 (pairs) each: the effect of one view, and its standard error. demand: float64 (pairs)"""
        phi = _terms(pairs, demand, self.centre, self.scale)
        relevance = np.maximum(pairs.relevance, LEAST_RELEVANCE)
        variance = np.einsum("pt,tu,pu->p", phi, self.covariance, phi)
        return relevance * (1.0 + phi @ self.mean), relevance * np.sqrt(np.maximum(variance, 0.0))


def fitted_effect(units: Units, demand: np.ndarray) -> Effect:
    """demand: float64 (units), predicted from other shoppers' units. Without drawn units the effect is f."""
    centre, scale = _standard(units.inputs, units.drawn)
    phi = _terms(units.inputs, demand, centre, scale)
    relevance = np.maximum(units.inputs.relevance, LEAST_RELEVANCE)
    by_view = units.dose * relevance
    # Responses are rare, so that their variance is about their mean.
    precision = 1.0 / (demand + by_view)
    rest = np.where(units.drawn, units.response - demand - by_view, -units.odds * (units.response - demand))
    factor = by_view * precision
    drawn = units.drawn
    # Units that were not drawn correct the demand of those that were; without any there is nothing to correct.
    moments = phi * (factor * rest)[:, None] * drawn.any()
    information = (phi[drawn] * (by_view * factor)[drawn, None]).T @ phi[drawn]
    total = moments.sum(axis=0)
    dispersion = _dispersion(moments, phi, by_view * factor * drawn, information, total, units.user)
    information, total = information / dispersion, total / dispersion
    prior = _prior(information, total)
    covariance = np.linalg.inv(information + np.diag(1.0 / prior))
    mean = covariance @ total
    mean[1:] *= _beyond_chance(information, total)
    return Effect(mean, covariance, centre, scale)


def _terms(pairs: PairInputs, demand: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """float64 (pairs, terms)."""
    relevance = np.maximum(pairs.relevance, LEAST_RELEVANCE)
    ratio = np.minimum(demand / relevance, _LARGEST_RATIO)
    return np.column_stack([np.ones(len(pairs)), -ratio, (_raw(pairs) - centre) / scale])


def _raw(pairs: PairInputs) -> np.ndarray:
    return np.column_stack([np.log(np.maximum(pairs.relevance, LEAST_RELEVANCE)), pairs.features])


def _standard(pairs: PairInputs, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    raw = _raw(pairs)[drawn]
    if not len(raw):
        return np.zeros(raw.shape[1]), np.ones(raw.shape[1])
    deviation = raw.std(axis=0)
    return raw.mean(axis=0), np.where(deviation > 0, deviation, 1.0)


def _dispersion(
    moments: np.ndarray, phi: np.ndarray, weight: np.ndarray, information: np.ndarray, total: np.ndarray,
    user: np.ndarray,
) -> float:  # fmt: skip
    """Variance of the moments over the one that rare responses have, clustered by shopper; at least 1."""
    terms = phi.shape[1]
    inverse = np.linalg.pinv(information)
    rest = moments - phi * (weight * (phi @ (inverse @ total)))[:, None]
    _, place = np.unique(user, return_inverse=True)
    of_user = np.stack([np.bincount(place, rest[:, term]) for term in range(terms)], axis=1) if len(user) else rest
    rank = max(float(np.trace(inverse @ information)), 1.0)
    return max(float(np.trace(inverse @ (of_user.T @ of_user))) / rank, 1.0)


def _beyond_chance(information: np.ndarray, total: np.ndarray) -> float:
    """Factor in [0, 1] of all estimates but the constant's; 1 for fewer than three."""
    variance = np.linalg.pinv(information)
    estimate, of_terms = (variance @ total)[1:], variance[1:, 1:]
    size = float(estimate @ np.linalg.pinv(of_terms) @ estimate)
    by_chance = max(float(np.linalg.matrix_rank(of_terms)) - 2.0, 0.0)
    return max(1.0 - by_chance / size, 0.0) if size > 0 else 0.0


def _prior(information: np.ndarray, total: np.ndarray) -> np.ndarray:
    """float64 (terms): variances; the one of the features maximises the marginal likelihood."""
    terms = len(total)
    fixed = np.array([_OF_SHARE**2, _OF_DEMAND**2])

    def variances(log_deviation: float) -> np.ndarray:
        return np.concatenate([fixed, np.full(terms - _FIRST_OF_FEATURES, np.exp(2 * log_deviation))])

    def loss(log_deviation: float) -> float:
        prior = variances(log_deviation)
        posterior = information + np.diag(1.0 / prior)
        _, determinant = np.linalg.slogdet(posterior)
        fit = float(determinant + np.log(prior).sum() - total @ np.linalg.solve(posterior, total)) / 2
        return fit + np.exp(2 * log_deviation) / _TYPICAL**2 / 2

    bounds = tuple(np.log(_OF_FEATURES))
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-3})
    return variances(float(best.x))
