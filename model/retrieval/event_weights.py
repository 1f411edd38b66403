"""How much an event of each type counts next to a purchase, and the interest of a shopper in an item by all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from model.retrieval.logistic import fitted_logistic, information
from model.retrieval.shoppers import PURCHASE
from model.retrieval.signals import NEGATIVE

_SURE = 2.0  # standard errors from 0: an event type that is nearer says nothing that is known


def saturated(count: np.ndarray) -> np.ndarray:
    """2 n / (n + 1): one event counts once, and any number of them less than twice."""
    return 2.0 * count / (count + 1.0)


@dataclass(frozen=True)
class EventWeights:
    """What one event of a type counts in purchases: PURCHASE 1, others in [0, 1], NEGATIVE in [-1, 0].

    A type that is not named counts nothing. Raises ValueError for a weight outside these bounds.
    """

    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            low, high = (-1.0, 0.0) if name == NEGATIVE else (1.0, 1.0) if name == PURCHASE else (0.0, 1.0)
            if not low <= weight <= high:
                raise ValueError(f"The weight of {name} is {weight:g}; it has to be from {low:g} to {high:g}.")

    def interest(self, counts: Mapping[str, np.ndarray]) -> np.ndarray:
        """float64 (pairs): log(1 + purchases) + log 2 * the sum over other types of weight * saturated(count), >= 0.

        counts: of each type's events of the pairs of shopper and item. With purchases alone this is the preference that
        ALS takes. A hundred views count less than two, and negative feedback only lowers.
        """
        total = np.zeros(len(next(iter(counts.values()))))
        for name, count in counts.items():
            if name == PURCHASE:
                total += np.log1p(count)
            elif weight := self.weights.get(name, 0.0):
                total += np.log(2.0) * weight * saturated(np.asarray(count, dtype=np.float64))
        return np.maximum(total, 0.0)


def fitted_event_weights(affinities: Mapping[str, np.ndarray], label: np.ndarray, l2: float = 1e-6) -> EventWeights:
    """Weights by a logistic regression of what was newly bought in a period on affinities before it.

    affinities: of PURCHASE and each other type, (rows) the same affinity from the events of that type, such as
        log(1 + events of the item's brand within its type), of pairs as `sample_for_training` draws them
    label: (rows), 1 where the pair was bought in the period

    An event counts as much in purchases as its coefficient is of that of purchases, at most 1, and nothing where the
    coefficient is not shown to be above 0 (NEGATIVE: below 0). Where purchases themselves say nothing, as in a store
    without any, the unit is the largest coefficient. Raises ValueError without PURCHASE or without a positive row.
    """
    if PURCHASE not in affinities:
        raise ValueError("The weights of events are in purchases: give the affinity of purchases too.")
    if not label.any():
        raise ValueError("No pair was bought in the period, so the weights of events cannot be learnt.")
    names = list(affinities)
    design = np.stack([affinities[name] for name in names], axis=1).astype(np.float32)
    alive = design.std(axis=0) > 1e-9
    fitted = fitted_logistic(design[:, alive], label.astype(np.float64), l2)
    coefficient, error = np.zeros(len(names)), np.zeros(len(names))
    covariance = np.linalg.inv(information(design[:, alive], fitted, l2))
    coefficient[alive], error[alive] = fitted[:-1], np.sqrt(np.diag(covariance)[:-1])
    known = {
        name: float(size) if abs(size) > _SURE * spread else 0.0
        for name, size, spread in zip(names, coefficient, error, strict=True)
    }
    unit = known[PURCHASE] if known[PURCHASE] > 0 else max(known.values())
    if unit <= 0:
        return EventWeights({PURCHASE: 1.0})
    weights = {
        name: round(float(np.clip(size / unit, -1.0, 0.0) if name == NEGATIVE else np.clip(size / unit, 0.0, 1.0)), 6)
        for name, size in known.items()
    }
    return EventWeights({**weights, PURCHASE: 1.0})
