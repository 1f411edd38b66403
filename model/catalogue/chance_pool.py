"""Several classifiers pooled into calibrated chances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

_LARGEST_WEIGHT = 10.0
_SMALLEST_NOISE, _LARGEST_NOISE = 1e-4, 0.5


@dataclass(frozen=True)
class Pool:
    """chances = (1 - noise) * softmax(sum of weight * log chances) + noise * shares.

    A logarithmic opinion pool (Genest and Zidek, 1986) of classifiers, mixed with the shares of the classes: of a part
    of the labels no text shows what they are, wrong ones among them, and a temperature alone would make up for these
    by doubting what is certain.

    weights: [K], at least 0; that of one classifier is an inverse temperature. noise: at most _LARGEST_NOISE.
    shares: [C], which sum to 1
    """

    weights: np.ndarray
    noise: float
    shares: np.ndarray

    @classmethod
    def fit(cls, log_chances: np.ndarray, label: np.ndarray, shares: np.ndarray) -> Pool:
        """Weights and noise of least log-loss on rows that the classifiers were not fitted on.

        The weights have a normal prior of variance 1/2 around 0, so that a few rows which are all right leave a doubt.

        log_chances: [K, n, C]; label: [n] column of the true class
        """
        count, rows = len(log_chances), np.arange(len(label))
        prior, of_label = 1.0 / max(len(label), 1), shares[label]
        own = log_chances[:, rows, label].astype(np.float64)

        def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
            weights, noise = parameters[:count], parameters[count]
            pool = np.exp(_pooled(log_chances, weights))
            said = pool[rows, label].astype(np.float64)
            chance = (1.0 - noise) * said + noise * of_label
            counted = (1.0 - noise) * said / chance  # how far the classifiers answer for the label
            mean = np.stack([np.einsum("nc,nc->n", pool, each) for each in log_chances])
            slope = -((own - mean) * counted).sum(axis=1) * prior + 2.0 * prior * weights
            of_noise = -((of_label - said) / chance).sum() * prior
            value = -np.log(chance).sum() * prior + prior * (weights @ weights)
            return float(value), np.append(slope, of_noise)

        start = np.append(np.full(count, 1.0 / count), 0.01)
        bounds = [(0.0, _LARGEST_WEIGHT)] * count + [(_SMALLEST_NOISE, _LARGEST_NOISE)]
        solution = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
        return cls(solution[:count], float(solution[count]), shares)

    def chances(self, log_chances: np.ndarray) -> np.ndarray:
        """[n, C] float32 chances by [K, n, C] log chances of the classifiers."""
        pool = np.exp(_pooled(log_chances, self.weights))
        return ((1.0 - self.noise) * pool + self.noise * self.shares).astype(np.float32)


def _pooled(log_chances: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return log_softmax(np.einsum("k,knc->nc", weights.astype(np.float32), log_chances), axis=1)
