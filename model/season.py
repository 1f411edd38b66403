"""How far the level of responses in a coming window is from that of past windows: season, drift, and their uncertainty.

A Gaussian process on the logarithm of weekly responses a shopper: an unknown mean, a yearly pattern that recurs, a
drift that follows the last weeks and returns to the mean, and noise that falls with the number of responses (a
structural time series, Harvey 1989, as a Gaussian process, Roberts et al. 2013). The posterior is averaged over a grid
of sizes of these parts, each with the weight that the data give it (Hoeting et al. 1999), so a difference that chance
explains as well is shrunk towards none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from scipy.special import logsumexp

from model.text.device import torch_threads

DAYS_A_WEEK, WEEKS_A_YEAR = 7, 52
MOST_WEEKS = 3 * WEEKS_A_YEAR + 26  # of history; older ones say nothing more about this year's season

# Standard deviations of the logarithm, each as likely as any other and as none.
_YEARLY = (0.15, 0.3, 0.6, 1.2)
_YEARLY_SMOOTHNESS = (1.0, 4.0, 13.0)  # weeks over which neighbours in the yearly pattern are alike
_DRIFT = (0.05, 0.1, 0.2, 0.4)
_DRIFT_LENGTH = (8.0, 26.0)  # weeks
_DISPERSION = tuple(4.0**power for power in range(7))  # variance of a week's responses, in multiples of their number
_MEAN_VARIANCE = 100.0


@dataclass(frozen=True)
class WeeklyResponses:
    """Responses of the weeks before a date, the newest last: week n - 1 ends on the day before the date.

    responses: float64 (weeks), by shoppers known at the start of the week; shoppers: float64 (weeks), their number
    """

    responses: np.ndarray
    shoppers: np.ndarray


@dataclass(frozen=True)
class Window:
    """The days [begin, end), counted from the date: negative before it, 0 the date itself."""

    begin: int
    end: int


@dataclass(frozen=True)
class Season:
    """The difference of the coming level from the past one, as a logarithm, and its standard deviation.

    Chances of a few per cent or less change by the factor exp(shift); it is added to their log-odds.
    """

    shift: float
    deviation: float


NO_SEASON = Season(0.0, 0.0)


def season_of(history: WeeklyResponses, past: Sequence[Window], coming: Window) -> Season:
    """The expected level of `coming` against that of the `past` windows together.

    A store without any response has NO_SEASON.
    """
    known = np.flatnonzero(history.shoppers > 0)
    if not history.responses[known].sum() > 0:
        return NO_SEASON
    observed = known - len(history.responses)  # -1 is the last week
    responses = history.responses[known] + 0.5
    level = np.log(responses / history.shoppers[known])
    weeks, of_coming, of_past = _weeks(past, coming)
    centred, count = level - np.average(level, weights=responses), len(observed)
    points = np.concatenate([observed, weeks])
    apart = np.abs(points[:, None] - points[None, :]).astype(np.float64)
    log_weights, means, variances = [], [], []
    # Threads that wait for one another stall on a busy core, and these matrices are small.
    with torch_threads(1):
        noise = torch.tensor(np.array(_DISPERSION)[:, None, None] * np.diag(1.0 / responses))
        for kernel, log_prior in _kernels(apart):
            lower = torch.linalg.cholesky(torch.from_numpy(kernel[:count, :count]) + noise)
            wanted = np.column_stack([centred, kernel[:count, count:]])
            solutions = torch.cholesky_solve(torch.from_numpy(wanted).expand(len(lower), -1, -1), lower).numpy()
            log_roots = torch.log(torch.diagonal(lower, dim1=1, dim2=2)).sum(dim=1).numpy()
            for solved, log_root in zip(solutions, log_roots, strict=True):
                log_weights.append(log_prior - 0.5 * centred @ solved[:, 0] - log_root)
                posterior = kernel[count:, :count] @ solved[:, 0]
                rest = kernel[count:, count:] - kernel[count:, :count] @ solved[:, 1:]
                # The level of a window is the logarithm of the mean of exp(level); its gradient gives the variance.
                gradient = _gradient(posterior, of_coming) - _gradient(posterior, of_past)
                means.append(_log_mean(posterior, of_coming) - _log_mean(posterior, of_past))
                variances.append(max(float(gradient @ rest @ gradient), 0.0))
    share = np.exp(np.array(log_weights) - logsumexp(log_weights))
    mean = float(share @ means)
    variance = float(share @ (np.array(variances) + (np.array(means) - mean) ** 2))
    return Season(mean, float(np.sqrt(variance)))


def _kernels(apart: np.ndarray) -> Iterator[tuple[np.ndarray, float]]:
    """The covariance of the level for each size of the parts, and the logarithm of its prior weight."""
    nothing = [(np.zeros(apart.shape), 0.0)]
    yearly = nothing + [
        (size**2 * _yearly_correlation(apart, smoothness), -np.log(len(_YEARLY_SMOOTHNESS)))
        for size, smoothness in product(_YEARLY, _YEARLY_SMOOTHNESS)
    ]
    drift = nothing + [
        (size**2 * _drift_correlation(apart, length), -np.log(len(_DRIFT_LENGTH)))
        for size, length in product(_DRIFT, _DRIFT_LENGTH)
    ]
    for (pattern, log_pattern), (slow, log_slow) in product(yearly, drift):
        yield _MEAN_VARIANCE + pattern + slow, float(log_pattern + log_slow)


def _yearly_correlation(apart: np.ndarray, smoothness: float) -> np.ndarray:
    width = 2.0 * np.pi * smoothness / WEEKS_A_YEAR
    correlation: np.ndarray = np.exp(-2.0 * (np.sin(np.pi * apart / WEEKS_A_YEAR) / width) ** 2)
    return correlation


def _drift_correlation(apart: np.ndarray, length: float) -> np.ndarray:
    scaled = np.sqrt(3.0) * apart / length
    correlation: np.ndarray = (1.0 + scaled) * np.exp(-scaled)  # Matérn, once differentiable: it follows a slope
    return correlation


def _weeks(past: Sequence[Window], coming: Window) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The weeks that a window touches, and the share of each in the coming window and in all past ones."""
    windows = [*past, coming]
    first = min(window.begin for window in windows) // DAYS_A_WEEK
    last = -(-max(window.end for window in windows) // DAYS_A_WEEK)
    weeks = np.arange(first, last)
    begin = weeks * DAYS_A_WEEK

    def days_in(window: Window) -> np.ndarray:
        return np.maximum(np.minimum(begin + DAYS_A_WEEK, window.end) - np.maximum(begin, window.begin), 0.0)

    of_past = np.sum([days_in(window) for window in past], axis=0)
    of_coming = days_in(coming)
    return weeks, of_coming / of_coming.sum(), of_past / of_past.sum()


def _log_mean(level: np.ndarray, share: np.ndarray) -> float:
    return float(logsumexp(level, b=share))


def _gradient(level: np.ndarray, share: np.ndarray) -> np.ndarray:
    weight = share * np.exp(level - level.max())
    normalised: np.ndarray = weight / weight.sum()
    return normalised
