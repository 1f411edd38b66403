"""The responses that a shopper of a young store is expected to make, before a model can be calibrated."""

from __future__ import annotations

_PRIOR_VISITS, _PRIOR_DAYS = 1.0, 30.0  # one visit in 30 days, as plan.visits assumes of a shopper without responses


def expected_responses(shoppers: int, visits: int, days: int, pairs: int, horizon_days: int) -> float:
    """Of one shopper in `horizon_days`: visits a day times items a visit; above 0.

    Visits are counted after a shopper's first, since a shopper is known from that one on and would otherwise seem to
    come every day of a short history. One visit in 30 days is added to them (the mean of a gamma prior), and to the
    items one visit with one item.

    The counts are those of `features.purchase_rate`.
    """
    visits_a_day = (visits - shoppers + _PRIOR_VISITS) / (days + _PRIOR_DAYS)
    items_a_visit = (pairs + 1.0) / (visits + 1.0)
    return visits_a_day * items_a_visit * horizon_days
