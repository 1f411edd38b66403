"""Expected visits of a shopper on the coming day, from the shopper's own visits on earlier days.

Boosted trees with a Poisson loss (LightGBM) correct the shopper's mean rate by how long ago the last visit was, how
often the shopper came in several windows, the trend, and the habit of the weekday. A Poisson regression on later days
than the trees have seen calibrates them (Platt scaling for counts).
"""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm
import numpy as np
from scipy.optimize import minimize

from model.sums import dot

WEEK = 7
HISTORY_DAYS = 13 * WEEK  # that a prediction reads
TRAINED_DAYS, CALIBRATED_DAYS = 4 * WEEK, WEEK
NEEDED_DAYS = HISTORY_DAYS + TRAINED_DAYS + CALIBRATED_DAYS
LEAST_VISITS = 500  # of the trained days; with fewer, a model says less than the rule of succession
_WINDOWS = (7, 28, HISTORY_DAYS)
_PRIOR_DAYS = 7.0  # with which a shopper's rate is shrunk to that of all
_ROUNDS = 60
_PARAMETERS = {
    "objective": "poisson", "learning_rate": 0.1, "num_leaves": 15, "min_data_in_leaf": 200, "num_threads": 1,
    "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip


@dataclass(frozen=True)
class VisitModel:
    """log visits = intercept + slope * (log rate + trees).

    mean_rate: visits a day of all shoppers, to which the rate of a shopper is shrunk
    """

    booster: lightgbm.Booster
    mean_rate: float
    intercept: float
    slope: float

    def predict(self, visits: np.ndarray, days_known: np.ndarray, weekday: int) -> np.ndarray:
        """float64 (shoppers) > 0: expected visits on the day after the last column.

        visits: (shoppers, HISTORY_DAYS) visits a day, the newest last; days_known: float64 (shoppers), since signing up
        weekday: of the day that is predicted, 0 to 6
        """
        raw = _raw(self.booster, self.mean_rate, visits, days_known, weekday)
        expected: np.ndarray = np.exp(self.intercept + self.slope * raw)
        return expected


def fit_visit_model(visits: np.ndarray, days_known: np.ndarray, weekday: int, seed: int) -> VisitModel | None:
    """The model of a sample of shoppers; None with fewer than LEAST_VISITS visits, or none in the calibrated days.

    visits: (shoppers, NEEDED_DAYS) visits a day, the newest last; days_known, weekday: as for the day after the last
    """
    trained = range(CALIBRATED_DAYS + TRAINED_DAYS, CALIBRATED_DAYS, -1)
    calibrated = range(CALIBRATED_DAYS, 0, -1)
    days = {back: _Day.before(visits, days_known, weekday, back) for back in (*trained, *calibrated)}
    responses = np.concatenate([days[back].visits for back in trained])
    if responses.sum() < LEAST_VISITS or not sum(days[back].visits.sum() for back in calibrated) > 0:
        return None
    mean_rate = float(responses.mean())
    data = lightgbm.Dataset(
        np.concatenate([_features(days[back].history, days[back].known, days[back].weekday) for back in trained]),
        responses,
        init_score=np.concatenate([_log_rate(days[back].history, days[back].known, mean_rate) for back in trained]),
    )
    booster = lightgbm.train({**_PARAMETERS, "seed": seed}, data, _ROUNDS)
    raw = np.concatenate(
        [_raw(booster, mean_rate, days[back].history, days[back].known, days[back].weekday) for back in calibrated]
    )
    return VisitModel(
        booster, mean_rate, *_calibration(raw, np.concatenate([days[back].visits for back in calibrated]))
    )


@dataclass(frozen=True)
class _Day:
    """A past day of the shoppers who had signed up before it: what was known, and their visits on it."""

    history: np.ndarray
    known: np.ndarray
    weekday: int
    visits: np.ndarray

    @classmethod
    def before(cls, visits: np.ndarray, days_known: np.ndarray, weekday: int, back: int) -> _Day:
        at = visits.shape[1] - back
        known = days_known - back
        signed_up = known > 0
        return cls(
            visits[signed_up, at - HISTORY_DAYS : at], known[signed_up], (weekday - back) % WEEK,
            visits[signed_up, at].astype(np.float64),
        )  # fmt: skip


def _raw(
    booster: lightgbm.Booster, mean_rate: float, visits: np.ndarray, days_known: np.ndarray, weekday: int
) -> np.ndarray:
    if not len(visits):
        return np.zeros(0)
    trees = booster.predict(_features(visits, days_known, weekday), raw_score=True, num_threads=1)
    raw: np.ndarray = _log_rate(visits, days_known, mean_rate) + trees
    return raw


def _features(visits: np.ndarray, days_known: np.ndarray, weekday: int) -> np.ndarray:
    """float64 (shoppers, features)."""
    came = visits > 0
    recency = np.where(came.any(axis=1), 1 + np.argmax(came[:, ::-1], axis=1), HISTORY_DAYS + 1)
    sums = [visits[:, -days:].sum(axis=1, dtype=np.float64) for days in _WINDOWS]
    before = visits[:, -56:-28].sum(axis=1, dtype=np.float64)
    of_weekday = visits[:, ::WEEK].sum(axis=1, dtype=np.float64)  # HISTORY_DAYS are complete weeks
    known = np.minimum(days_known, HISTORY_DAYS)
    return np.column_stack(
        [
            recency,
            *(total / np.clip(known, 1.0, days) for total, days in zip(sums, _WINDOWS, strict=True)),
            came.sum(axis=1) / np.maximum(known, 1.0),
            (sums[1] + 1.0) / (before + 1.0),
            (of_weekday + 1.0) / (sums[2] / WEEK + 1.0),
            known,
            np.full(len(visits), float(weekday)),
        ]
    )


def _log_rate(visits: np.ndarray, days_known: np.ndarray, mean_rate: float) -> np.ndarray:
    known = np.clip(days_known, 0.0, HISTORY_DAYS)
    rate: np.ndarray = np.log((visits.sum(axis=1, dtype=np.float64) + _PRIOR_DAYS * mean_rate) / (known + _PRIOR_DAYS))
    return rate


def _calibration(raw: np.ndarray, visits: np.ndarray) -> tuple[float, float]:
    """Intercept and slope of the Poisson regression of the visits on the predictions of the trees."""
    centre = raw.mean()
    centred = raw - centre

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        linear = parameters[0] + parameters[1] * centred
        rate = np.exp(np.minimum(linear, 30.0))
        off = (rate - visits) / len(visits)
        return float((rate - visits * linear).mean()), np.array([off.sum(), dot(off, centred)])

    fitted = minimize(loss, np.array([centre, 1.0]), jac=True, method="L-BFGS-B", bounds=[(None, None), (0.01, None)])
    level, slope = fitted.x
    return float(level - slope * centre), float(slope)
