"""From the second stage's logits to probabilities of a response within the horizon, and how good these are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit, logsumexp

from model.sums import dot

FILE = "calibrator.json"
_SMALLEST_SLOPE = 1e-2
_RIDGE = 1e-6
_MOST_CERTAIN = 1e-9
_LARGEST_SHIFT = (-50.0, 50.0)


@dataclass(frozen=True)
class Outcomes:
    """Logits [B, C] of one date, -inf where there is no candidate, the share of its trials with a response, and how
    much each counts: 0 for a candidate that was never tried."""

    logits: np.ndarray
    responded: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Calibrator:
    """log-odds = intercept + slope * log share + level_weight * (level - mean level of the date), after Platt (1999).

    The level of a shopper is the log-sum of the shopper's logits, and the log share a logit less that level. A softmax
    loss does not say how much a shopper buys, only what; the level says who buys more than others. How much all buy is
    that of the past periods, moved by the season of the date (`model.season`): the mean level moves from date to date
    with what the inputs count, not with what is bought, so it is taken out. The slope is positive, so a shopper's order
    of items stays as it was.
    """

    intercept: float
    slope: float
    level_weight: float

    @classmethod
    def fit(cls, periods: Sequence[Outcomes]) -> Calibrator:
        """Weighted logistic regression over all candidates of the periods that were tried.

        The logits are those of models that were not trained on their period. Raises ValueError when there is no
        response or nothing but responses.
        """
        columns, labels, weights = [], [], []
        for period in periods:
            level, tried = levels(period.logits), np.isfinite(period.logits) & (period.weight > 0)
            users = np.nonzero(tried)[0]
            share = period.logits[tried].astype(np.float64) - level[users]
            columns.append(np.column_stack([np.ones(len(share)), share, level[users] - mean_level(level)]))
            labels.append(period.responded[tried].astype(np.float64))
            weights.append(period.weight[tried].astype(np.float64))
        design, label, weight = np.concatenate(columns), np.concatenate(labels), np.concatenate(weights)
        rate = float(np.average(label, weights=weight)) if len(label) else 0.0
        if not 0.0 < rate < 1.0:
            raise ValueError(
                f"No calibrator can be fitted: of {len(label)} candidates of the training periods {rate:.2%} have "
                "a response. Choose a date with more history."
            )
        start = np.array([logit(rate) - design[:, 1].mean(), 1.0, 0.0])
        return cls(*_logistic(design, label, weight, start, smallest=[None, _SMALLEST_SLOPE, None]).tolist())

    def log_odds(self, logits: np.ndarray) -> np.ndarray:
        """[B, C] log-odds of a response at a mean level of 0, -inf where there is no candidate."""
        level = levels(logits)[:, None]
        listed = np.isfinite(logits)
        share = np.where(listed, logits, 0.0) - np.where(listed, level, 0.0)
        return np.where(listed, self.intercept + self.slope * share + self.level_weight * level, -np.inf)

    def shift(self, mean: float, season: float = 0.0) -> float:
        """The term that a date with this mean level and this shift of the season adds to the log-odds."""
        return season - self.level_weight * mean

    def probability(self, logits: np.ndarray, season: float = 0.0) -> np.ndarray:
        """[B, C] probabilities for all shoppers of a date (or a fair sample), 0 where there is no candidate.

        season: `model.season.Season.shift` of the date
        """
        return np.asarray(expit(self.log_odds(logits) + self.shift(mean_level(levels(logits)), season)))

    def save(self, folder: Path) -> None:
        """Writes the calibrator as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Calibrator:
        """Raises ValueError when a number is missing or not finite, or the slope is not positive."""
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        try:
            calibrator = cls(**{field.name: float(content[field.name]) for field in fields(cls)})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{folder / FILE} is damaged ({error!r}). Copy the bundle again.") from error
        if not np.isfinite(astuple(calibrator)).all() or calibrator.slope <= 0:
            raise ValueError(f"{folder / FILE} is damaged: its numbers make no calibrator. Copy the bundle again.")
        return calibrator


def levels(logits: np.ndarray) -> np.ndarray:
    """[B] log-sum of a shopper's logits [B, C], -inf for a shopper without candidates."""
    level = np.full(len(logits), -np.inf)
    some = np.isfinite(logits).any(axis=1)
    level[some] = logsumexp(logits[some].astype(np.float64), axis=1)
    return level


def mean_level(level: np.ndarray) -> float:
    """The mean over the shoppers that have candidates, 0 where none has."""
    some = level[np.isfinite(level)]
    return float(some.mean()) if len(some) else 0.0


@dataclass(frozen=True)
class CalibrationReport:
    """How well probabilities fit responses: slope 1 and intercepts of 0 are perfect.

    `slope` and `intercept` are of a logistic regression on the log-odds (Cox 1958); `in_the_large` is its intercept
    with the slope held at 1, whether all probabilities together are too low (above 0) or too high (Van Calster et al.
    2019); `gain` is the share of the log-loss of the base rate that they save; `ece` the mean distance between
    predicted and observed rate over ten equal bins.
    """

    slope: float
    intercept: float
    in_the_large: float
    gain: float
    ece: float
    rate: float
    mean_probability: float

    @classmethod
    def of(cls, probability: np.ndarray, responded: np.ndarray, weight: np.ndarray) -> CalibrationReport:
        """From pairs [n] that count `weight` each.

        Raises ValueError without a response or with nothing but responses.
        """
        known = weight > 0
        probability, label, weight = probability[known], responded[known].astype(np.float64), weight[known]
        rate = float(np.average(label, weights=weight)) if len(label) else 0.0
        if not 0.0 < rate < 1.0:
            raise ValueError(
                f"Of {len(label)} pairs a share of {rate:g} has a response, which measures no calibration. Choose a "
                "date with more history."
            )
        p = np.clip(probability.astype(np.float64), _MOST_CERTAIN, 1.0 - _MOST_CERTAIN)
        design = np.column_stack([np.ones(len(p)), logit(p)])
        intercept, slope = _logistic(design, label, weight, np.array([0.0, 1.0]), smallest=[None, None])

        def above(shift: float) -> float:
            return float(np.average(expit(logit(p) + shift), weights=weight)) - rate

        loss = -np.average(label * np.log(p) + (1 - label) * np.log1p(-p), weights=weight)
        of_rate = -(rate * np.log(rate) + (1 - rate) * np.log1p(-rate))
        curve = reliability(p, label, weight)
        ece = np.average((curve.predicted - curve.observed).abs(), weights=curve.weight)
        return cls(
            slope=float(slope),
            intercept=float(intercept),
            in_the_large=float(brentq(above, *_LARGEST_SHIFT)),
            gain=float(1 - loss / of_rate),
            ece=float(ece),
            rate=rate,
            mean_probability=float(np.average(p, weights=weight)),
        )

    def figures(self, prefix: str) -> dict[str, float]:
        """Name to value, named <prefix>_<figure>."""
        return {f"{prefix}_{name}": value for name, value in asdict(self).items()}


def reliability(probability: np.ndarray, responded: np.ndarray, weight: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """The reliability curve of pairs [n]: weighted means of what was `predicted` and `observed`, and the `weight` of
    bins of equally many pairs, the lowest probabilities first; ties in stable order (Naeini et al. 2015)."""
    order = np.argsort(probability, kind="stable")
    order = order[weight[order] > 0]
    rows = [
        (*(np.average(values[part], weights=weight[part]) for values in (probability, responded)), weight[part].sum())
        for part in np.array_split(order, bins)
        if len(part)
    ]
    return pd.DataFrame(rows, columns=["predicted", "observed", "weight"], dtype=float)


def _logistic(
    design: np.ndarray, label: np.ndarray, weight: np.ndarray, start: np.ndarray, smallest: list[float | None]
) -> np.ndarray:
    """Coefficients of a weighted logistic regression by L-BFGS-B on columns scaled to unit size, with lower bounds.

    The sums over pairs leave BLAS out, so that the coefficients are the same with any number of threads.
    """
    size = np.maximum(np.sqrt((design**2).mean(axis=0)), 1e-9)
    scaled, share = np.ascontiguousarray((design / size).T), weight / weight.sum()

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        z = np.einsum("k,kn->n", theta, scaled)
        value = dot(share, np.logaddexp(0.0, z) - label * z) + 0.5 * _RIDGE * dot(theta, theta)
        rest = share * (expit(z) - label)
        return value, np.array([dot(column, rest) for column in scaled]) + _RIDGE * theta

    bounds = [(None if low is None else low * of, None) for low, of in zip(smallest, size, strict=True)]
    options = {"maxiter": 500, "ftol": 1e-14, "gtol": 1e-9}
    return minimize(loss, start * size, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x / size
