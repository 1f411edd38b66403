"""The share of the responses after an exposure that the exposure caused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.policy_evaluation.estimates import Estimate
from model.uplift.units import Units


@dataclass(frozen=True)
class Caused:
    """responses: of drawn units; units: drawn ones; share: of the responses, those that the exposure caused
    low, high: its 95 % interval, clustered by shopper
    """

    units: int
    responses: float
    share: float
    low: float
    high: float


def caused_share(units: Units, demand: np.ndarray, confidence: float = 0.95) -> Caused | None:
    """The doubly robust share; None without a response of a drawn unit.

    demand: float64 (units), predicted from other shoppers' units. Of each drawn unit the demand is taken off its
    response, and units that were not drawn, weighted by the odds of being drawn, correct the demand.
    """
    drawn = units.drawn
    responses = float(units.response[drawn].sum())
    if responses <= 0:
        return None
    rest = np.where(drawn, 1.0, -units.odds) * (units.response - demand)
    _, place = np.unique(units.user, return_inverse=True)
    of_user, bought = np.bincount(place, rest), np.bincount(place, units.response * drawn)
    share = float(of_user.sum()) / responses
    low, high = Estimate(share, (of_user - share * bought) / responses).interval(confidence)
    return Caused(int(drawn.sum()), responses, share, low, high)
