"""From the fusion model's logits to probabilities of a response within the horizon, and how good these are."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit, logsumexp

FILE = "calibrator.json"
_SMALLEST_SLOPE = 1e-2
_RIDGE = 1e-6
_MOST_CERTAIN = 1e-9


@dataclass(frozen=True)
class Levels:
    """What says how much a shopper responds at all, [B] each: log(1 + purchases) of the last days, and the log of the
    summed odds of the shopper's candidates by the first stage and by the fusion model."""

    log_activity: np.ndarray
    first_stage: np.ndarray
    fusion: np.ndarray

    @classmethod
    def of(cls, log_activity: np.ndarray, first_stage_score: np.ndarray, logits: np.ndarray) -> Levels:
        """From scores and logits [B, C], where a place without a candidate has logit -inf."""
        listed = np.isfinite(logits)
        odds = np.where(listed, first_stage_score.astype(np.float64), -np.inf)
        return cls(log_activity.astype(np.float64), _log_sum(odds), _log_sum(logits.astype(np.float64)))

    def matrix(self) -> np.ndarray:
        """[users, 3]: activity, first stage, fusion."""
        return np.stack([self.log_activity, self.first_stage, self.fusion], axis=1)


@dataclass(frozen=True)
class Calibrator:
    """log-odds = intercept + slope * log share + level · (levels of the shopper - their means), after Platt (1999).

    The log share is the logit less the log-sum of the shopper's logits. A softmax loss does not say how much a shopper
    buys, only what; the levels say it. The slope is positive, so a shopper's order of items stays as it was.
    """

    intercept: float
    slope: float
    level: tuple[float, float, float]
    level_mean: tuple[float, float, float]

    @classmethod
    def fit(cls, logits: np.ndarray, levels: Levels, responded: np.ndarray) -> Calibrator:
        """Logistic regression over all candidates of `logits` [B, C] with `responded` [B, C] bool.

        Raises ValueError when there is no response or nothing but responses.
        """
        listed = np.isfinite(logits)
        label = responded[listed].astype(np.float64)
        if not 0.0 < label.mean() < 1.0:
            raise ValueError(
                f"{int(label.sum())} of {len(label)} candidates of the calibration period have a response, which fits "
                "no calibrator. Choose a date with more history."
            )
        matrix = levels.matrix()
        mean = matrix.mean(axis=0)
        users = np.nonzero(listed)[0]
        design = np.column_stack([np.ones(len(label)), _log_share(logits, levels)[listed], (matrix - mean)[users]])
        start = np.array([logit(label.mean()) - design[:, 1].mean(), 1.0, 0.0, 0.0, 0.0])
        weights = _logistic(design, label, start, smallest=[None, _SMALLEST_SLOPE, None, None, None])
        return cls(float(weights[0]), float(weights[1]), tuple(weights[2:].tolist()), tuple(mean.tolist()))

    def probability(self, logits: np.ndarray, levels: Levels) -> np.ndarray:
        """[B, C] probabilities, 0 where there is no candidate."""
        listed = np.isfinite(logits)
        base = self.intercept + (levels.matrix() - np.array(self.level_mean)) @ np.array(self.level)
        share = np.where(listed, _log_share(logits, levels), 0.0)
        return np.where(listed, expit(base[:, None] + self.slope * share), 0.0)

    def save(self, folder: Path) -> None:
        """Writes the calibrator as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Calibrator:
        """Raises ValueError when a number is missing or not finite, or the slope is not positive."""
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        try:
            found = cls(content["intercept"], content["slope"], tuple(content["level"]), tuple(content["level_mean"]))
            numbers = np.array([found.intercept, found.slope, *found.level, *found.level_mean], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{folder / FILE} is damaged ({error}). Copy it anew.") from error
        if len(numbers) != 8 or not np.isfinite(numbers).all() or found.slope <= 0:
            raise ValueError(f"{folder / FILE} is damaged: its numbers make no calibrator. Copy it anew.")
        return found


@dataclass(frozen=True)
class CalibrationReport:
    """How well probabilities fit responses: slope 1 and intercept 0 are perfect; `gain` is the share of the log-loss of
    the base rate that they save; `ece` the mean distance between predicted and observed rate over ten equal bins."""

    slope: float
    intercept: float
    gain: float
    ece: float
    rate: float
    mean_probability: float

    @classmethod
    def of(cls, probability: np.ndarray, responded: np.ndarray) -> CalibrationReport:
        """From pairs [n]; slope and intercept are of a logistic regression of the response on the log-odds (Cox 1958).

        Raises ValueError when there is no response or nothing but responses.
        """
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
        loss = -np.mean(label * np.log(p) + (1 - label) * np.log1p(-p))
        of_rate = -(rate * np.log(rate) + (1 - rate) * np.log1p(-rate))
        gain = float(1 - loss / of_rate)
        return cls(float(slope), float(intercept), gain, _ece(p, label), rate, float(p.mean()))

    def figures(self, prefix: str) -> dict[str, float]:
        """Name to value, named <prefix>_<figure>."""
        return {f"{prefix}_{name}": value for name, value in asdict(self).items()}


def _ece(probability: np.ndarray, label: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error over bins of equally many pairs, ties in stable order (Naeini et al. 2015)."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(len(part) * abs(probability[part].mean() - label[part].mean()) for part in parts) / len(label))


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


def _log_share(logits: np.ndarray, levels: Levels) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return logits.astype(np.float64) - levels.fusion[:, None]


def _log_sum(values: np.ndarray) -> np.ndarray:
    """[B] log of the sum of exp; 0 for a shopper without candidates, where nothing is multiplied with it."""
    some = np.isfinite(values).any(axis=1)
    total = np.zeros(len(values))
    total[some] = logsumexp(values[some], axis=1)
    return total
