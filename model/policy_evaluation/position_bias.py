"""Position bias: how often a position is examined relative to the first, from logged exposures and responses.

The position-based model (Richardson, Dominowska and Ragno 2007): a response at position k needs that the position is
examined (probability theta_k) and that the pair attracts; examination does not depend on the pair. Pairs are put into
strata within which attraction is proportional to the predicted relevance, so that a keener shopper at a high position
is not mistaken for more attention to it. Given the answers of a stratum, their positions are multinomial with
probabilities proportional to theta_k times the relevance shown there, which leaves the strata's own level out
(conditional Poisson likelihood: Palmgren, Biometrika 1981). Its score has mean zero at the truth whatever the number of
strata, and for any response rate. The likelihood is concave in log theta and is maximised by Newton's method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

LIKENESS = 0.9
LEAST_RELEVANCE = 1e-12  # lower ones are taken for it: what was shown has to be above 0


@dataclass(frozen=True)
class PositionBias:
    """examination: float64 (positions), relative to the first, which is 1; NaN where not identified
    standard_error: float64 (positions) of its logarithm, from the counts alone; 0 for the first, inf without answers
    attraction: float64 (strata), answers of a stratum for a unit of what was shown and examined; NaN where not linked
    """

    examination: np.ndarray
    standard_error: np.ndarray
    attraction: np.ndarray


def position_bias(shown: np.ndarray, answered: np.ndarray) -> PositionBias:
    """The maximum-likelihood examination of positions.

    shown: float64 (strata, positions), exposures, or the sum of the predicted relevance of the exposures
    answered: float64 (strata, positions), exposures with a response; weights are allowed
    A position is identified only where a stratum with responses links it to the first: pairs that were always shown at
    one position say nothing about positions. Raises ValueError for impossible counts, or where no exposure at the first
    position has a response.
    """
    if shown.shape != answered.shape or np.any(answered < 0) or np.any((answered > 0) & (shown <= 0)):
        raise ValueError("answered has to have the shape of shown and to be 0 where nothing was shown.")
    is_silent = answered.sum(axis=0) == 0
    linked, strata = _linked(np.where(is_silent, 0.0, shown), answered)
    if not linked[0]:
        raise ValueError("No exposure at the first position has a response; log more.")
    n, y = shown[np.ix_(strata, linked)], answered[np.ix_(strata, linked)]
    examination, error = np.full(shown.shape[1], np.nan), np.full(shown.shape[1], np.nan)
    attraction = np.full(shown.shape[0], np.nan)
    positions = y.shape[1]
    log_theta = _most_likely(n, y, np.zeros(positions), np.zeros((positions, positions)))
    examination[linked], error[linked] = np.exp(log_theta), _log_error(_expected(n, y, log_theta))
    attraction[strata] = y.sum(axis=1) / (n @ examination[linked])
    unanswered = is_silent & np.any(shown[strata] > 0, axis=0)
    examination[unanswered], error[unanswered] = 0.0, np.inf
    return PositionBias(examination, error, attraction)


@dataclass(frozen=True)
class Examination:
    """weights: float64 (positions), chances to be examined that never rise from one position to the next
    covariance: float64 (positions, positions) of the logarithm relative to the first position, whose row is 0
    """

    weights: np.ndarray
    covariance: np.ndarray

    @property
    def deviation(self) -> np.ndarray:
        """float64 (positions): relative standard deviation of the weights, 0 for the first position."""
        deviation: np.ndarray = np.sqrt(np.expm1(np.diag(self.covariance)))
        return deviation


def weights_of_positions(
    shown: np.ndarray, answered: np.ndarray, assumed: np.ndarray, deviation: float, likeness: float = LIKENESS
) -> np.ndarray:
    """float64 (positions of `assumed`): the weights of `examination_of`."""
    return examination_of(shown, answered, assumed, deviation, likeness).weights


def examination_of(
    shown: np.ndarray,
    answered: np.ndarray,
    assumed: np.ndarray,
    deviation: float | np.ndarray,
    likeness: float = LIKENESS,
) -> Examination:
    """The chance that each position of `assumed` is examined, from an assumption and the log.

    The logarithm of each weight relative to the first has a normal prior around the assumed one; the result is the
    posterior mode, with the covariance of the normal that has its curvature there. A log that says nothing leaves what
    is assumed; a position that it says nothing about moves with its neighbours. Weights are made not to rise by
    isotonic regression. Positions beyond `assumed` are left out.

    shown, answered: as of `position_bias`, without any row where nothing was logged
    assumed: float64 (positions) > 0; deviation: relative standard deviation of the truth around it, of all positions or
    of each (that of the first is not read); 0 to use `assumed` as is
    likeness: correlation of the errors of `assumed` at neighbouring positions. An assumed curve is mostly too steep or
    too flat altogether. Of 0, .5, .8, .9 and .95 (tests/benchmark/attention.py), .9 needs the fewest answers then, and
    loses little where the errors have nothing in common.
    """
    size = len(assumed)
    covariance = np.zeros((size, size))
    if np.ndim(deviation) == 0 and deviation == 0:
        return Examination(assumed.copy(), covariance)
    places = min(size, shown.shape[1])
    n, y = np.zeros((len(shown), size)), np.zeros((len(shown), size))
    n[:, :places], y[:, :places] = shown[:, :places], answered[:, :places]
    useful = (y.sum(axis=1) > 0) & ((n > 0).sum(axis=1) > 1)
    precision = _precision(size, deviation, likeness)
    log_theta = _most_likely(n[useful], y[useful], np.log(assumed / assumed[0]), precision)
    information = _information(_expected(n[useful], y[useful], log_theta)) + precision
    covariance[1:, 1:] = np.linalg.inv(information[1:, 1:])
    falling: np.ndarray = isotonic_regression(assumed[0] * np.exp(log_theta), increasing=False).x
    return Examination(np.minimum(falling, 1.0), covariance)


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


def _expected(n: np.ndarray, y: np.ndarray, log_theta: np.ndarray) -> np.ndarray:
    """float64 (strata, positions): the answers of each stratum, divided among its positions as theta has it."""
    weighted = n * np.exp(log_theta)
    share: np.ndarray = weighted / weighted.sum(axis=1, keepdims=True)
    return y.sum(axis=1)[:, None] * share


def _most_likely(n: np.ndarray, y: np.ndarray, prior: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """log theta (positions) with the largest conditional likelihood times the normal prior; the first keeps its prior.

    precision: float64 (positions, positions) of the prior, 0 for the likelihood alone, whose positions all have answers
    """
    log_theta, of_stratum, of_position = prior.copy(), y.sum(axis=1), y.sum(axis=0)

    def objective(at: np.ndarray) -> float:
        likelihood = of_position @ at - of_stratum @ np.log(n @ np.exp(at))
        return float(likelihood - 0.5 * (at - prior) @ precision @ (at - prior))

    best = objective(log_theta)
    for _ in range(100):
        mean = _expected(n, y, log_theta)
        slope = of_position - mean.sum(axis=0) - precision @ (log_theta - prior)
        curvature = _information(mean) + precision
        step = np.zeros(len(log_theta))
        step[1:] = np.linalg.lstsq(curvature[1:, 1:], slope[1:], rcond=None)[0]
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
        while objective(log_theta + step) < best and np.abs(step).max() > 1e-12:
            step /= 2
        log_theta = log_theta + step
        best = objective(log_theta)
        if np.abs(step).max() < 1e-10:
            break
    return log_theta


def _precision(positions: int, deviation: float | np.ndarray, likeness: float) -> np.ndarray:
    """float64 (positions, positions): the inverse covariance of the prior of log theta; 0 for the first position."""
    place = np.arange(positions - 1)
    of_log = np.sqrt(np.log1p(np.broadcast_to(deviation, positions)[1:] ** 2))
    covariance = of_log[:, None] * of_log * likeness ** np.abs(place[:, None] - place)
    precision = np.zeros((positions, positions))
    precision[1:, 1:] = np.linalg.inv(covariance)
    return precision


def _information(mean: np.ndarray) -> np.ndarray:
    """Fisher information of log theta given the answers of each stratum; mean: expected answers."""
    of_stratum = np.maximum(mean.sum(axis=1), 1e-300)
    information: np.ndarray = np.diag(mean.sum(axis=0)) - mean.T @ (mean / of_stratum[:, None])
    return information


def _log_error(mean: np.ndarray) -> np.ndarray:
    """Of log theta_k - log theta_0. mean: expected answers."""
    error = np.zeros(mean.shape[1])
    if len(error) > 1:
        error[1:] = np.sqrt(np.maximum(np.diag(np.linalg.pinv(_information(mean)[1:, 1:])), 0.0))
    return error
