"""What the lists of a policy cause: incremental responses a request, from the draws of exploration slots.

A view of a listed pair adds its effect, and its position is viewed with a known probability. Doubly robust: the effect
that models of other shoppers predict for every entry, plus the error of these as the draws show it, for pairs that
could have been drawn. A drawn pair adds the difference of its response to the prediction, a pair that was not drawn
subtracts that of its response to the predicted demand, each weighted by the inverse of its probability (Robins,
Rotnitzky and Zhao 1994), per view that the draw gave, times the views that the policy gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.policy_evaluation.estimates import Estimate, Evaluation, ratio_of_sums, self_normalised
from model.uplift.model import Prediction, UpliftModel, fitted_uplift
from model.uplift.units import FOLDS, PairInputs, Units


@dataclass(frozen=True)
class PolicyLists:
    """What a policy shows in the requests that the units are of.

    inputs, user, views: of its entries; user: int (entries), as in the units; views: float64 (entries), requests times
    the probability that the position is viewed
    unit_probability: float64 (units), with which the policy lists the pair: 0 or 1, and for a policy whose own draw the
    unit is of the propensity
    unit_views: float64 (units), views that it then gives the pair
    """

    inputs: PairInputs
    user: np.ndarray
    views: np.ndarray
    unit_probability: np.ndarray
    unit_views: np.ndarray


def models_of_folds(
    units: Units, item_ids: np.ndarray, feature_names: tuple[str, ...], seed: int, threads: int
) -> tuple[UpliftModel, ...]:
    """For the shoppers of each fold the model of the others' units; as `fitted_uplift`."""
    return tuple(
        fitted_uplift(units.take(units.fold != fold), item_ids, feature_names, seed, threads) for fold in range(FOLDS)
    )


def predicted_by_others(models: Sequence[UpliftModel], inputs: PairInputs, user: np.ndarray) -> Prediction:
    """The pairs by the model of their shopper's fold; user: int (pairs), as in the units."""
    demand, effect, error = np.zeros((3, len(user)))
    for fold, model in enumerate(models):
        own = user % FOLDS == fold
        if own.any():
            prediction = model.predict(inputs.take(own))
            demand[own], effect[own], error[own] = prediction.demand, prediction.effect, prediction.error
    return Prediction(demand, effect, error)


def incremental_response(
    units: Units, predicted: Prediction, lists: PolicyLists, effect: np.ndarray, requests: np.ndarray, clip: float
) -> Evaluation:
    """Responses a request that the policy's lists cause, with deviations by shopper.

    predicted: of the units; effect: float64 (entries), predicted of the lists
    requests: float64 (users), of the lists that the units are of; clip: larger weights are lowered to it
    The overlap is the share of the policy's views that go to pairs that could have been drawn. IPS and SNIPS count the
    others as without effect and with the effect of these.
    Raises ValueError where no pair got a response, or none was drawn.
    """
    drawn, response = units.drawn, units.response
    if not drawn.any() or not response.any():
        raise ValueError("No recorded pair was drawn and got a response: record more nights.")
    users = len(requests)

    def by_user(values: np.ndarray) -> np.ndarray:
        return np.bincount(units.user, values, minlength=users)

    raw = np.where(drawn, lists.unit_probability / units.propensity, 0.0)
    shown = np.minimum(raw, clip)
    missed = np.where(
        drawn, 0.0, units.weight * np.minimum(lists.unit_probability / (1.0 - units.propensity), clip)
    )  # fmt: skip
    scale = lists.unit_views / units.dose
    above_demand = response - predicted.demand
    rest = scale * (shown * (above_demand - units.dose * predicted.effect) - missed * above_demand)
    model = np.bincount(lists.user, lists.views * effect, minlength=users)
    mass = np.bincount(lists.user, lists.views, minlength=users)
    # A pair of the support is recorded if it was drawn, else with a chance whose inverse is its weight.
    covered = by_user(np.where(drawn, 1.0, units.weight) * lists.unit_probability * lists.unit_views)
    overlap = ratio_of_sums(covered, mass)
    counted = shown * scale
    square = float(counted @ counted)
    unclipped = float(raw @ lists.unit_views)
    return Evaluation(
        ips=ratio_of_sums(by_user(scale * (shown - missed) * response), requests),
        snips=_difference(
            self_normalised(by_user(scale * shown * response), by_user(shown * lists.unit_views), mass, requests),
            self_normalised(by_user(scale * missed * response), by_user(missed * lists.unit_views), mass, requests),
        ),
        doubly_robust=ratio_of_sums(model + by_user(rest), requests),
        effective_size=float(counted.sum() ** 2 / square) if square else 0.0,
        weighed=int((counted > 0).sum()),
        overlap=overlap.value,
        overlap_error=overlap.standard_error,
        clipped=1.0 - float(shown @ lists.unit_views) / unclipped if unclipped else 0.0,
        largest_weight=float(raw.max(initial=0.0)),
        mass=float(mass.sum() / requests.sum()),
        exposures=int(drawn.sum()),
        requests=round(float(requests.sum())),
        users=int((requests > 0).sum()),
    )


def _difference(first: Estimate, second: Estimate) -> Estimate:
    return Estimate(first.value - second.value, first.influence - second.influence)
