"""Expected requests of shoppers in arrays, as plan_exposure computes them on executors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model.exposure.visits import BUCKET_WIDTH, FOLDS, STEPS_PER_UNIT, RequestSums, fitted_rates


def expected_visits(
    chance: np.ndarray, requests: np.ndarray, days: np.ndarray, activity: Sequence[np.ndarray] = ()
) -> np.ndarray:
    """float64 (shoppers) > 0: expected requests of a list a day; `chance` where no list was requested.

    chance: float64 (shoppers), of visiting the store on a day; requests: float64 (shoppers), requests for lists in
    `days`; days: float64 (shoppers) >= 1; activity: other measures of activity, each float64 (shoppers).
    """
    buckets = {str(number): _bucket_of(measure) for number, measure in enumerate([chance, *activity])}
    rates = fitted_rates({name: _sums_of(bucket, requests, days) for name, bucket in buckets.items()})
    if rates is None:
        return chance.astype(np.float64)
    mean = rates.mean[np.searchsorted(rates.bucket, buckets[rates.measure])]
    if rates.is_poisson:
        return mean
    posterior: np.ndarray = mean * (rates.shape + requests) / (rates.shape + mean * days)
    return posterior


def _sums_of(bucket: np.ndarray, requests: np.ndarray, days: np.ndarray) -> RequestSums:
    """The sums of shoppers in arrays, in folds by their place; bucket: int (shoppers)."""
    fold = np.arange(len(requests)) % FOLDS
    key, group = np.unique(bucket * FOLDS + fold, return_inverse=True)
    values = (requests, days, requests**2, days**2, requests * days)
    return RequestSums(key // FOLDS, key % FOLDS, np.bincount(group), *(np.bincount(group, value) for value in values))


def _bucket_of(measure: np.ndarray) -> np.ndarray:
    """int (shoppers): the bucket of values >= 0 of a measure."""
    return np.floor(np.log1p(measure * STEPS_PER_UNIT) / BUCKET_WIDTH).astype(np.int64)
