"""Expected requests of shoppers for their lists, from earlier requests and their activity at the store.

Requests of a shopper are Poisson with a gamma-distributed rate. The mean rate rises with a measure of activity
(isotonic regression), the one that best predicts requests of held-out shoppers; the variance around it is estimated by
moments, and the result is the posterior mean (gamma-Poisson shrinkage, DuMouchel, The American Statistician 1999). All
of it is fitted to sums over shoppers with like values of a measure, of which there are few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from scipy.optimize import isotonic_regression

FOLDS = 5
# Values of a measure m fall into buckets of log(1 + 1000 m): half a percent wide, narrower below 0.001.
STEPS_PER_UNIT, BUCKET_WIDTH = 1_000.0, 0.005


@dataclass(frozen=True)
class RequestSums:
    """Sums over the shoppers of a bucket of one measure and a fold; arrays (groups), sorted by bucket.

    bucket, fold, shoppers: int; requests: Σ requests for lists; days: Σ days in which they were counted, float64
    requests_squared, days_squared, product: Σ requests², Σ days², Σ requests x days, float64
    """

    bucket: np.ndarray
    fold: np.ndarray
    shoppers: np.ndarray
    requests: np.ndarray
    days: np.ndarray
    requests_squared: np.ndarray
    days_squared: np.ndarray
    product: np.ndarray

    def only(self, groups: np.ndarray) -> RequestSums:
        """Some of the groups; groups: bool (groups)."""
        return RequestSums(**{field.name: getattr(self, field.name)[groups] for field in fields(self)})


@dataclass(frozen=True)
class Rates:
    """The measure that predicts requests best, and what follows from a shopper's bucket of it.

    bucket: int (buckets), rising; mean: float64 (buckets), mean rate a day
    shape: of the gamma distribution around the mean; infinite where shoppers differ no more than by chance
    """

    measure: str
    bucket: np.ndarray
    mean: np.ndarray
    shape: float

    @property
    def is_poisson(self) -> bool:
        """Whether the rate of a shopper is the mean of its bucket."""
        return bool(np.isinf(self.shape))


def fitted_rates(sums: Mapping[str, RequestSums]) -> Rates | None:
    """The rates from the sums of every measure, all over the same shoppers; None where no list was requested."""
    measure = _best_predictor(sums)
    of_measure = sums[measure]
    if not of_measure.requests.sum() > 0:
        return None
    bucket, rate = _rising(of_measure)
    mean = np.maximum(rate, _least(of_measure))
    rate_of = mean[np.searchsorted(bucket, of_measure.bucket)]
    expected_squared = float(np.sum(rate_of**2 * of_measure.days_squared))
    deviations = of_measure.requests_squared - 2.0 * rate_of * of_measure.product
    excess = float(np.sum(deviations)) + expected_squared - float(np.sum(rate_of * of_measure.days))
    return Rates(measure, bucket, mean, expected_squared / excess if excess > 0 else np.inf)


def _best_predictor(sums: Mapping[str, RequestSums]) -> str:
    """The measure with the largest cross-validated Poisson likelihood of the requests; the first one of equals."""
    first = next(iter(sums))
    if len(sums) == 1 or sums[first].shoppers.sum() < 2 * FOLDS:
        return first

    def likelihood(measure: str) -> float:
        of_measure, total = sums[measure], 0.0
        for number in range(FOLDS):
            out = of_measure.only(of_measure.fold == number)
            bucket, rates = _rising(of_measure.only(of_measure.fold != number))
            rate = np.maximum(np.interp(out.bucket, bucket, rates), _least(of_measure))
            # Terms that are the same for all measures are left out.
            total += float(np.sum(out.requests * np.log(rate) - rate * out.days))
        return total

    return max(sums, key=likelihood)


def _rising(sums: RequestSums) -> tuple[np.ndarray, np.ndarray]:
    """int (buckets), rising, and float64 (buckets): their mean rate, not falling."""
    bucket, group = np.unique(sums.bucket, return_inverse=True)
    weight = np.bincount(group, sums.days)
    fitted: np.ndarray = isotonic_regression(np.bincount(group, sums.requests) / weight, weights=weight).x
    return bucket, fitted


def _least(sums: RequestSums) -> float:
    """The least rate of a shopper, above 0: half a request of all shoppers together."""
    return 0.5 / float(sums.days.sum())
