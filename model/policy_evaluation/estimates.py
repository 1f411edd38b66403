"""What a target policy would have earned a request, from the log of another policy: IPS, SNIPS, doubly robust.

There are far too many possible lists to weight each, so an assumption splits them into entries (Li, Abbasi-Yadkori,
Kveton, Muthukrishnan, Vinay and Wen, "Offline evaluation of ranking policies with click models", KDD 2018):

item-position    the response to an entry depends on shopper, item and position, not on the rest of the list
position-based   moreover it is the examination of the position times a factor of shopper and item, so an item logged at
                 one position is evidence for another

An entry's weight is its probability under the target over that under the log (Horvitz and Thompson 1952), times the
ratio of the examinations under the second assumption. Doubly robust: Dudik, Langford and Li 2011. Standard errors are
clustered by shopper, as requests of one shopper are not independent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy import stats

from model.policy_evaluation.log import LoggedExposures
from model.policy_evaluation.response_model import ResponseModel

Assumption = Literal["item-position", "position-based"]


@dataclass(frozen=True)
class TargetLists:
    """What the target shows in every request of the log; the arrays by entry, then by exposure of the log.

    request, position (from 0): int (entries); probability, relevance: float64 (entries)
    at_same: float64 (exposures), probability with which the target shows the item of the exposure at its position
    anywhere, place: float64 and int (exposures), that of showing it at all, and at which position it would (any where
    it would not)
    """

    request: np.ndarray
    position: np.ndarray
    probability: np.ndarray
    relevance: np.ndarray
    at_same: np.ndarray
    anywhere: np.ndarray
    place: np.ndarray


@dataclass(frozen=True)
class Estimate:
    """Responses a request.

    influence: float64 (users), the share of each shopper in the estimate's deviation
    shared: float64 (sources), the deviation for one standard deviation of each independent source of error that all
    shoppers have in common, such as the examination of positions; two estimates that are compared have the same sources
    """

    value: float
    influence: np.ndarray
    shared: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def standard_error(self) -> float:
        """Clustered by shopper, with what is shared; NaN for fewer than two shoppers."""
        return float(np.hypot(clustered_error(self.influence), np.linalg.norm(self.shared)))

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Two-sided, by Student's t; its degrees of freedom as Welch (1947) has them for a sum of variances, of which
        that of `shared` is known."""
        own, shared = clustered_error(self.influence) ** 2, float(self.shared @ self.shared)
        freedom = degrees_of_freedom(self.influence)
        if own > 0:
            freedom *= ((own + shared) / own) ** 2
        half = float(stats.t.ppf((1 + confidence) / 2, freedom)) * self.standard_error
        return self.value - half, self.value + half

    def minus(self, other: Estimate) -> Estimate:
        """The difference, shoppers and sources in pairs."""
        return Estimate(
            self.value - other.value,
            _difference(self.influence, other.influence),
            _difference(self.shared, other.shared),
        )


@dataclass(frozen=True)
class Evaluation:
    """ips, snips, doubly_robust: the estimates
    effective_size: effective sample size in exposures (Kish 1965); weighed: exposures with a weight above 0
    overlap: share of the target's examined exposure that the log covers, with its standard error
    clipped: share of the weight that clipping cut off; largest_weight: before clipping
    mass: examined exposures a request of the target
    """

    ips: Estimate
    snips: Estimate
    doubly_robust: Estimate
    effective_size: float
    weighed: int
    overlap: float
    overlap_error: float
    clipped: float
    largest_weight: float
    mass: float
    exposures: int
    requests: int
    users: int


def evaluated(
    log: LoggedExposures,
    target: TargetLists,
    model: ResponseModel,
    assumption: Assumption,
    clip: float,
) -> Evaluation:
    """The estimates of the target from the log; the examination of the positions is that of the model.

    clip: larger weights are lowered to it; that bounds the variance, and biases the weighted estimates towards zero,
    the doubly robust one towards the model. Raises ValueError for an empty log.
    """
    if not log.requests:
        raise ValueError("There is no request to evaluate.")
    theta = model.examination
    raw = weights_of(log, target, theta, assumption)
    weight = np.minimum(raw, clip)
    counted = log.weight * weight
    of_request = np.bincount(log.request_user, log.request_weight, minlength=log.users)

    def by_user(values: np.ndarray) -> np.ndarray:
        return np.bincount(log.user, values, minlength=log.users)

    entry_user = log.request_user[target.request]
    entry_count = target.probability * log.request_weight[target.request]
    entry_mass = entry_count * theta[target.position]
    mass = np.bincount(entry_user, entry_mass, minlength=log.users)
    predicted = np.bincount(
        entry_user,
        entry_count * model.expected(entry_user, target.position, target.relevance),
        minlength=log.users,
    )
    rest = log.response - model.expected(log.user, log.position, log.relevance)
    covered = by_user(counted * theta[log.position])
    overlap = ratio_of_sums(covered, mass)
    square = float(counted @ counted)
    unclipped = float((log.weight * raw) @ theta[log.position])
    return Evaluation(
        ips=ratio_of_sums(by_user(counted * log.response), of_request),
        snips=self_normalised(by_user(counted * log.response), covered, mass, of_request),
        doubly_robust=ratio_of_sums(predicted + by_user(counted * rest), of_request),
        effective_size=float(counted.sum() ** 2 / square) if square else 0.0,
        weighed=int((weight > 0).sum()),
        overlap=overlap.value,
        overlap_error=overlap.standard_error,
        clipped=1.0 - float(covered.sum()) / unclipped if unclipped else 0.0,
        largest_weight=float(raw.max(initial=0.0)),
        mass=float(mass.sum() / of_request.sum()),
        exposures=len(log.request),
        requests=log.requests,
        users=int((of_request > 0).sum()),
    )


def weights_of(log: LoggedExposures, target: TargetLists, theta: np.ndarray, assumption: Assumption) -> np.ndarray:
    """float64 (exposures): probability of the entry under the target over that under the log."""
    if assumption == "item-position":
        return target.at_same / log.propensity
    return target.anywhere * theta[target.place] / (theta[log.position] * log.propensity)


def clustered_error(influence: np.ndarray) -> float:
    """Standard error of a sum of independent deviations, one a shopper; NaN for fewer than two."""
    users = len(influence)
    return float(np.sqrt(users / (users - 1) * (influence @ influence))) if users > 1 else float("nan")


def _difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    size = max(len(first), len(second))
    return np.pad(first, (0, size - len(first))) - np.pad(second, (0, size - len(second)))


def degrees_of_freedom(influence: np.ndarray) -> float:
    """Of the variance of an estimate with these deviations, for Student's t (Satterthwaite 1946).

    Twice the variance squared over the variance of its own estimate, which is that of the squared deviations: where a
    few shoppers with large weights make up the variance, it is known from those few only. At most the shoppers less
    one, which deviations of equal size reach. A shopper without any request, whose deviation is 0, does not count.
    """
    square = influence[influence != 0] ** 2
    if len(square) < 2:
        return 1.0
    total = float(square.sum())
    spread = float(square @ square) - total**2 / len(square)
    most = len(square) - 1.0
    return most if 2 * total**2 >= most * spread else max(2 * total**2 / spread, 1.0)


def ratio_of_sums(above: np.ndarray, below: np.ndarray) -> Estimate:
    """Sum over sum, with its linearised deviation by user."""
    total = float(below.sum())
    if total <= 0:
        return Estimate(0.0, np.zeros(len(above)))
    value = float(above.sum()) / total
    return Estimate(value, (above - value * below) / total)


def self_normalised(above: np.ndarray, covered: np.ndarray, mass: np.ndarray, of_request: np.ndarray) -> Estimate:
    """Responses per examined exposure that was weighed, times the target's examined exposures a request (Swaminathan
    and Joachims 2015); NaN where nothing was weighed."""
    if covered.sum() <= 0:
        return Estimate(float("nan"), np.full(len(above), np.nan))
    rate, amount = ratio_of_sums(above, covered), ratio_of_sums(mass, of_request)
    return Estimate(rate.value * amount.value, rate.influence * amount.value + amount.influence * rate.value)
