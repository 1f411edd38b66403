"""Logged exposures as arrays, with counts of what was left out and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

WITHOUT_REQUEST = "exposures without request_id"
DUPLICATED = "exposures logged twice"
WITHOUT_POSITION = "requests with an exposure without position"
WITHOUT_PROPENSITY = "requests with an exposure without propensity"
ABSURD = "shoppers with an absurd number of exposures a day"
OF_ABSURD = "exposures of shoppers with an absurd number of exposures a day"


@dataclass(frozen=True)
class LoggedExposures:
    """Exposures of complete requests. Requests are numbered from 0 without gaps, users alike in all logs compared.

    request, user, position (from 0): int (exposures); propensity: float64 (exposures) in (0, 1], with which the logging
    policy put the item into the list; response: float64 (exposures), responses to it; weight: float64 (exposures),
    sampling weight, exposures represented by one; relevance: float64 (exposures), the predicted one
    request_user: int (requests)
    """

    request: np.ndarray
    user: np.ndarray
    position: np.ndarray
    propensity: np.ndarray
    response: np.ndarray
    weight: np.ndarray
    relevance: np.ndarray
    request_user: np.ndarray

    def __post_init__(self) -> None:
        if len(self.propensity) and not (np.all(self.propensity > 0) and np.all(self.propensity <= 1)):
            raise ValueError("A propensity is not in (0, 1]; clean the log first.")
        if np.any(self.position < 0) or np.any(self.response < 0) or np.any(self.weight <= 0):
            raise ValueError("A position or response is negative, or a weight is not above 0; clean the log first.")

    @property
    def requests(self) -> int:
        """Number of requests."""
        return len(self.request_user)

    @property
    def request_weight(self) -> np.ndarray:
        """float64 (requests): sampling weight of a request, the mean of those of its exposures."""
        count = np.bincount(self.request, minlength=self.requests)
        return np.bincount(self.request, self.weight, minlength=self.requests) / np.maximum(count, 1)

    @property
    def users(self) -> int:
        """Number of users."""
        return int(self.request_user.max(initial=-1)) + 1


def cleaned(
    rows: pd.DataFrame, most_a_day: float, *, needs_propensity: bool = True
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The exposures that can be evaluated, and how many were left out by reason; reasons without any are not named.

    rows: request_id, user_id, item_id, day, position (from 1), propensity, sample_weight; None or NaN where not logged.
    A request with an exposure that cannot be weighted is left out entirely: without one of its exposures it would seem
    to have earned less. A shopper with more than `most_a_day` exposures on any day is bot traffic and is left out.
    """
    left: dict[str, int] = {}
    known = rows["request_id"].notna()
    left[WITHOUT_REQUEST] = int((~known).sum())
    rows = rows[known]
    again = rows.duplicated(["request_id", "user_id", "item_id", "position"])
    left[DUPLICATED] = int(again.sum())
    rows = rows[~again]
    a_day = rows.groupby(["user_id", "day"])["sample_weight"].sum()
    bots = a_day[a_day > most_a_day].index.get_level_values("user_id").unique()
    of_bots = rows["user_id"].isin(bots)
    left[ABSURD], left[OF_ABSURD] = len(bots), int(of_bots.sum())
    rows = rows[~of_bots]
    lacks = [(WITHOUT_POSITION, "position"), *([(WITHOUT_PROPENSITY, "propensity")] if needs_propensity else [])]
    for reason, column in lacks:
        broken = rows.loc[rows[column].isna(), "request_id"].unique()
        left[reason] = len(broken)
        rows = rows[~rows["request_id"].isin(broken)]
    return rows.reset_index(drop=True), {reason: count for reason, count in left.items() if count}
