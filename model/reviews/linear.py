"""A linear classifier of texts: the mean of a logistic regression and of one on naive Bayes log-count ratios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit

from model.sums import dot

PENALTY = 4.0  # of the loss against half the squared length of the weights, as C of a support vector machine
_PASSES = 60


@dataclass(frozen=True)
class Linear:
    """log-odds = features @ weight + intercept. weight: float32 (features)"""

    weight: np.ndarray
    intercept: float

    def log_odds(self, features: sparse.csr_matrix) -> np.ndarray:
        """float64 (texts)."""
        return np.asarray(features @ self.weight, dtype=np.float64) + self.intercept


def inverse_frequencies(counts: sparse.csr_matrix) -> np.ndarray:
    """float32 (terms): log((1 + texts) / (1 + texts with the term)) + 1."""
    texts = np.bincount(counts.indices, minlength=counts.shape[1])
    return (np.log((1 + counts.shape[0]) / (1 + texts)) + 1).astype(np.float32)


def tfidf_rows(counts: sparse.csr_matrix, inverse_frequency: np.ndarray) -> sparse.csr_matrix:
    """Unit rows of (1 + log count) * inverse frequency; a text without a known term has an empty row."""
    value = ((1 + np.log(counts.data)) * inverse_frequency[counts.indices]).astype(np.float64)
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    length = np.sqrt(np.bincount(row, value**2, minlength=counts.shape[0]))
    value /= np.maximum(length, 1e-12)[row]
    return sparse.csr_matrix((value.astype(np.float32), counts.indices, counts.indptr), shape=counts.shape)


def fit_texts(features: sparse.csr_matrix, is_bad: np.ndarray, weight: np.ndarray) -> Linear:
    """The mean of both classifiers, the second scaled to the spread of the first; both are linear, and so is the mean.

    The second reads each term times the log of its share among bad texts against that among good ones (Wang & Manning
    2012). features: tfidf_rows; is_bad: float64 (texts) in {0, 1}; weight: float64 (texts)
    """
    first = fit_logistic(features, is_bad, weight)
    ratio = _log_ratio(features, is_bad, weight)
    by_ratio = sparse.csr_matrix(
        ((features.data * ratio[features.indices]).astype(np.float32), features.indices, features.indptr),
        shape=features.shape,
    )
    second = fit_logistic(by_ratio, is_bad, weight)
    spread = first.log_odds(features).std(), second.log_odds(by_ratio).std()
    scale = spread[0] / max(spread[1], 1e-9)
    return Linear(
        ((first.weight + scale * ratio * second.weight) / 2).astype(np.float32),
        (first.intercept + scale * second.intercept) / 2,
    )


def fit_logistic(
    features: sparse.csr_matrix, is_bad: np.ndarray, weight: np.ndarray, penalty: float = PENALTY
) -> Linear:
    """Logistic regression with squared weights as the cost; the intercept costs nothing."""
    transposed = features.T.tocsr()
    sign = 2.0 * is_bad - 1.0

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (features @ theta[:-1].astype(np.float32) + theta[-1])
        slope = -penalty * weight * sign * expit(-margin)
        of_terms = transposed @ slope.astype(np.float32) + theta[:-1]
        value = 0.5 * dot(theta[:-1], theta[:-1]) + penalty * dot(weight, np.logaddexp(0.0, -margin))
        return value, np.append(of_terms, slope.sum())

    start = np.zeros(features.shape[1] + 1)
    theta = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _PASSES}).x
    return Linear(theta[:-1].astype(np.float32), float(theta[-1]))


def balanced(is_bad: np.ndarray) -> np.ndarray:
    """float64 (texts): weights of mean 1 that give good and bad texts half each."""
    bad = float(np.mean(is_bad))
    return np.where(is_bad == 1, 0.5 / max(bad, 1e-9), 0.5 / max(1 - bad, 1e-9))


def _log_ratio(features: sparse.csr_matrix, is_bad: np.ndarray, weight: np.ndarray) -> np.ndarray:
    row = np.repeat(np.arange(features.shape[0]), np.diff(features.indptr))
    terms = features.shape[1]
    of_bad = 1 + np.bincount(features.indices, (weight * is_bad)[row], minlength=terms)
    of_good = 1 + np.bincount(features.indices, (weight * (1 - is_bad))[row], minlength=terms)
    ratio: np.ndarray = (np.log(of_bad / of_bad.sum()) - np.log(of_good / of_good.sum())).astype(np.float32)
    return ratio
