"""Position bias: how often a position is examined relative to the first, from logged exposures and responses.

The position-based model (Richardson, Dominowska and Ragno 2007): a response at position k needs that the position is
examined (probability theta_k) and that the item attracts (gamma); examination does not depend on the item. Pairs are
put into strata of similar attraction, such as bins of their predicted relevance, so that better items at a position are
not mistaken for more attention to it. Parameters are fitted by expectation maximisation, as by Wang, Golbandi,
Bendersky, Metzler and Najork (WSDM 2018), with strata in place of their trees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression


@dataclass(frozen=True)
class PositionBias:
    """examination: float64 (positions), relative to the first, which is 1; NaN where not identified
    standard_error: float64 (positions) of its logarithm, from the counts alone; 0 for the first
    reach, answers: float64 (positions), responses expected if every position were examined like the first, and those
    observed; 0 where not identified
    attraction: float64 (strata), the response probability of a stratum where it is examined; NaN where never shown
    """

    examination: np.ndarray
    standard_error: np.ndarray
    reach: np.ndarray
    answers: np.ndarray
    attraction: np.ndarray
    rounds: int


def position_bias(shown: np.ndarray, answered: np.ndarray, tolerance: float = 1e-9, most: int = 5_000) -> PositionBias:
    """The maximum-likelihood examination of positions.

    shown, answered: float64 (strata, positions), exposures and those of them with a response; weights are allowed.
    A position is identified only where a stratum with responses links it to the first: items that were always shown at
    one position say nothing about positions. Raises ValueError for impossible counts, or where no stratum that was
    shown at the first position has a response.
    """
    if shown.shape != answered.shape or np.any(answered < 0) or np.any(answered > shown):
        raise ValueError("answered has to have the shape of shown and to lie between 0 and it.")
    linked, strata = _linked(shown, answered)
    if not linked[0]:
        raise ValueError(
            "No stratum that was shown at the first position has a response; log more, or use wider strata."
        )
    n, y = shown[np.ix_(strata, linked)], answered[np.ix_(strata, linked)]
    theta, gamma = _start(n, y)
    rounds = 0
    for rounds in range(1, most + 1):  # noqa: B007
        before = theta
        theta, gamma = _step(n, y, theta, gamma)
        if np.max(np.abs(theta - before)) < tolerance:
            break
    examination, error = np.full(shown.shape[1], np.nan), np.full(shown.shape[1], np.nan)
    attraction = np.full(shown.shape[0], np.nan)
    # Only the products are determined; the first position is the unit.
    examination[linked], attraction[strata] = theta / theta[0], gamma * theta[0]
    error[linked] = _log_error(n * np.outer(gamma, theta))
    reach, answers = np.zeros(shown.shape[1]), np.zeros(shown.shape[1])
    reach[linked], answers[linked] = (gamma * theta[0]) @ n, y.sum(axis=0)
    return PositionBias(examination, error, reach, answers, attraction, rounds)


def weights_of_positions(bias: PositionBias | None, assumed: np.ndarray, deviation: float) -> np.ndarray:
    """float64 (positions of `assumed`): the chance that each is examined, from an assumption and the log.

    Relative to the first position it is the posterior mean of a gamma prior with the assumed mean and deviation, given
    the answers as a Poisson count: a position without answers is not estimated as 0. A position that the log does not
    identify keeps what is assumed, except that weights never rise from one position to the next (isotonic regression).

    assumed: float64 (positions) > 0; deviation: relative standard deviation of the truth around it, 0 to use it as is
    """
    if bias is None or deviation == 0:
        return assumed.copy()
    logged = slice(1, min(len(assumed), len(bias.reach)))
    shape = deviation**-2  # of the gamma prior: how many answers it counts for
    weights, relative = assumed.copy(), assumed / assumed[0]
    weights[logged] = assumed[0] * (shape + bias.answers[logged]) / (shape / relative[logged] + bias.reach[logged])
    falling: np.ndarray = isotonic_regression(weights, increasing=False).x
    return np.minimum(falling, 1.0)


def strata_of(relevance: np.ndarray, most: int = 20) -> np.ndarray:
    """int (pairs): bins of similar relevance with as many pairs each as ties allow, numbered from 0 upwards."""
    if not len(relevance):
        return np.zeros(0, dtype=np.int64)
    edges = np.unique(np.quantile(relevance, np.linspace(0, 1, most + 1)[1:-1]))
    return np.searchsorted(edges, relevance, side="left")


def counted(
    stratum: np.ndarray, position: np.ndarray, answered: np.ndarray, weight: np.ndarray, positions: int
) -> tuple[np.ndarray, np.ndarray]:
    """shown and answered (strata, positions) of exposures; answered: bool or 0/1 (exposures)."""
    strata = int(stratum.max(initial=0)) + 1
    at = stratum * positions + position
    size = strata * positions
    shown = np.bincount(at, weight, minlength=size).reshape(strata, positions)
    return shown, np.bincount(at, weight * answered, minlength=size).reshape(strata, positions)


def _linked(shown: np.ndarray, answered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """bool (positions), bool (strata): those linked to the first position by strata with responses."""
    useful = (shown > 0) & (answered.sum(axis=1) > 0)[:, None]
    linked, strata = np.zeros(shown.shape[1], dtype=bool), np.zeros(shown.shape[0], dtype=bool)
    linked[0] = bool(useful[:, 0].any())
    while True:
        reached = useful[:, linked].any(axis=1)
        if np.array_equal(reached, strata):
            return linked, strata
        strata = reached
        linked = linked | useful[strata].any(axis=0)


def _start(n: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scaling rows and columns in turn fits the model without its bounds: all but the fit where responses are rare."""
    theta = np.ones(n.shape[1])
    gamma = y.sum(axis=1) / n.sum(axis=1)
    for _ in range(200):
        theta = y.sum(axis=0) / np.maximum(gamma @ n, 1e-300)
        gamma = y.sum(axis=1) / np.maximum(n @ theta, 1e-300)
    largest = max(theta.max(), 1e-300)
    theta, gamma = theta / largest, gamma * largest
    return np.clip(theta, 1e-12, 1 - 1e-9), np.clip(gamma, 1e-12, 1 - 1e-9)


def _step(n: np.ndarray, y: np.ndarray, theta: np.ndarray, gamma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One round: of the exposures without a response, how many were examined, how many would have attracted."""
    both = np.outer(gamma, theta)
    unanswered = (n - y) / np.maximum(1.0 - both, 1e-12)  # where every exposure was answered, both is 1 and n - y is 0
    examined = y + unanswered * (theta - both)
    attracted = y + unanswered * (gamma[:, None] - both)
    return examined.sum(axis=0) / n.sum(axis=0), attracted.sum(axis=1) / n.sum(axis=1)


def _log_error(mean: np.ndarray) -> np.ndarray:
    """Of log theta_k - log theta_0, from the Poisson information without the strata. mean: expected responses."""
    of_stratum = np.maximum(mean.sum(axis=1), 1e-300)
    information = np.diag(mean.sum(axis=0)) - mean.T @ (mean / of_stratum[:, None])
    error = np.zeros(mean.shape[1])
    if len(error) > 1:
        error[1:] = np.sqrt(np.maximum(np.diag(np.linalg.pinv(information[1:, 1:])), 0.0))
    return error
