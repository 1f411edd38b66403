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

FILE = "calibrator.json"
_SMALLEST_SLOPE = 1e-2
_RIDGE = 1e-6
_MOST_CERTAIN = 1e-9
_LARGEST_SHIFT = (-50.0, 50.0)


@dataclass(frozen=True)
class Calibrator:
    """log-odds = intercept + slope * log share + level_weight * (level - mean level of the date), after Platt (1999).

    The level of a shopper is the log-sum of the shopper's logits, and the log share a logit less that level. A softmax
    loss does not say how much a shopper buys, only what; the level says who buys more than others. How much all buy is
    carried over from the past periods: the mean level moves from date to date with what the inputs count, not with what
    is bought, so it is taken out. The slope is positive, so a shopper's order of items stays as it was.
    """

    intercept: float
    slope: float
    level_weight: float

    @classmethod
    def fit(cls, periods: Sequence[tuple[np.ndarray, np.ndarray]]) -> Calibrator:
        """Logistic regression over all candidates of (`logits` [B, C], `responded` [B, C] bool) of each period.

        The logits are those of models that were not trained on their period. Raises ValueError when there is no
        response or nothing but responses.
        """
        columns, labels = [], []
        for logits, responded in periods:
            level, listed = levels(logits), np.isfinite(logits)
            mean = mean_level(level)
            users = np.nonzero(listed)[0]
            share = logits[listed].astype(np.float64) - level[users]
            columns.append(np.column_stack([np.ones(len(share)), share, level[users] - mean]))
            labels.append(responded[listed].astype(np.float64))
        design, label = np.concatenate(columns), np.concatenate(labels)
        if not 0.0 < label.mean() < 1.0:
            raise ValueError(
                f"{int(label.sum())} of {len(label)} candidates of the training periods have a response, which fits "
                "no calibrator. Choose a date with more history."
            )
        start = np.array([logit(label.mean()) - design[:, 1].mean(), 1.0, 0.0])
        weights = _logistic(design, label, start, smallest=[None, _SMALLEST_SLOPE, None])
        return cls(*weights.tolist())

    def log_odds(self, logits: np.ndarray) -> np.ndarray:
        """[B, C] log-odds of a response at a mean level of 0, -inf where there is no candidate."""
        level = levels(logits)[:, None]
        listed = np.isfinite(logits)
        share = np.where(listed, logits, 0.0) - np.where(listed, level, 0.0)
        return np.where(listed, self.intercept + self.slope * share + self.level_weight * level, -np.inf)

    def shift(self, mean: float) -> float:
        """What a date with this mean level adds to the log-odds."""
        return -self.level_weight * mean

    def probability(self, logits: np.ndarray) -> np.ndarray:
        """[B, C] probabilities for all shoppers of a date (or a fair sample), 0 where there is no candidate."""
        return np.asarray(expit(self.log_odds(logits) + self.shift(mean_level(levels(logits)))))

    def save(self, folder: Path) -> None:
        """Writes the calibrator as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Calibrator:
        """Raises ValueError when a number is missing or not finite, or the slope is not positive."""
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        try:
            found = cls(**{field.name: float(content[field.name]) for field in fields(cls)})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{folder / FILE} is damaged ({error!r}). Copy it anew.") from error
        if not np.isfinite(astuple(found)).all() or found.slope <= 0:
            raise ValueError(f"{folder / FILE} is damaged: its numbers make no calibrator. Copy it anew.")
        return found


def levels(logits: np.ndarray) -> np.ndarray:
    """[B] log-sum of a shopper's logits [B, C], -inf for a shopper without candidates."""
    found = np.full(len(logits), -np.inf)
    some = np.isfinite(logits).any(axis=1)
    found[some] = logsumexp(logits[some].astype(np.float64), axis=1)
    return found


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
    def of(cls, probability: np.ndarray, responded: np.ndarray) -> CalibrationReport:
        """From pairs [n]. Raises ValueError when there is no response or nothing but responses."""
        label = responded.astype(np.float64)
        if not len(label) or not 0.0 < label.mean() < 1.0:
            raise ValueError(
                f"{int(label.sum())} of {len(label)} pairs have a response, which measures no calibration. Choose a "
                "date with more history."
            )
        p = np.clip(probability.astype(np.float64), _MOST_CERTAIN, 1.0 - _MOST_CERTAIN)
        rate = float(label.mean())
        intercept, slope = _logistic(
            np.column_stack([np.ones(len(p)), logit(p)]), label, np.array([0.0, 1.0]), smallest=[None, None]
        )
        in_the_large = brentq(lambda shift: float(expit(logit(p) + shift).mean()) - rate, *_LARGEST_SHIFT)
        loss = -np.mean(label * np.log(p) + (1 - label) * np.log1p(-p))
        of_rate = -(rate * np.log(rate) + (1 - rate) * np.log1p(-rate))
        gain = float(1 - loss / of_rate)
        return cls(float(slope), float(intercept), in_the_large, gain, _ece(p, label), rate, float(p.mean()))

    def figures(self, prefix: str) -> dict[str, float]:
        """Name to value, named <prefix>_<figure>."""
        return {f"{prefix}_{name}": value for name, value in asdict(self).items()}


def reliability(probability: np.ndarray, responded: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """The reliability curve of pairs [n]: `predicted` mean probability, `observed` share that responded and `pairs` of
    bins of equally many pairs, the lowest probabilities first; ties in stable order (Naeini et al. 2015)."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    rows = [(float(probability[part].mean()), float(responded[part].mean()), len(part)) for part in parts]
    return pd.DataFrame(rows, columns=["predicted", "observed", "pairs"])


def _ece(probability: np.ndarray, label: np.ndarray) -> float:
    """Expected calibration error: the mean distance of the reliability curve from the diagonal."""
    curve = reliability(probability, label)
    return float(np.average((curve.predicted - curve.observed).abs(), weights=curve.pairs))


def _logistic(design: np.ndarray, label: np.ndarray, start: np.ndarray, smallest: list[float | None]) -> np.ndarray:
    """Weights of a logistic regression by L-BFGS-B on columns scaled to unit size, with lower bounds."""
    size = np.maximum(np.sqrt((design**2).mean(axis=0)), 1e-9)
    scaled = design / size

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        z = scaled @ weights
        value = np.mean(np.logaddexp(0.0, z) - label * z) + 0.5 * _RIDGE * weights @ weights
        return float(value), scaled.T @ (expit(z) - label) / len(label) + _RIDGE * weights

    bounds = [(None if low is None else low * of, None) for low, of in zip(smallest, size, strict=True)]
    options = {"maxiter": 500, "ftol": 1e-14, "gtol": 1e-9}
    return minimize(loss, start * size, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x / size
