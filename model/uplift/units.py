"""Pairs that a draw of exploration slots showed or could have shown, with the shopper's later responses."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

FOLDS = 5


@dataclass(frozen=True)
class PairInputs:
    """What effect and demand are predicted from.

    relevance: float64 (pairs) in (0, 1), f; item: int (pairs), place among the model's items, -1 for one it does not
    know; features: float64 (pairs, features), finite
    """

    relevance: np.ndarray
    item: np.ndarray
    features: np.ndarray

    def __len__(self) -> int:
        return len(self.relevance)

    def take(self, rows: np.ndarray) -> PairInputs:
        """Some of the pairs; rows: bool or int."""
        return PairInputs(*(getattr(self, name.name)[rows] for name in fields(self)))


@dataclass(frozen=True)
class Units:
    """Draws of shoppers who came: a unit is a shopper, a night and an item that may have been drawn.

    inputs: of the pairs, as they were known that night
    user: int (units), the clusters; drawn: bool (units); propensity: float64 (units) in (0, 1), of being drawn
    weight: float64 (units) >= 1, number of units of the draw that the recorded one represents
    dose: float64 (units) > 0, views that the unit's place got or would have got: requests times attention
    response: float64 (units), 1 where the shopper responded to the item in the days after the first request, whether
    the item was shown or not
    """

    inputs: PairInputs
    user: np.ndarray
    drawn: np.ndarray
    propensity: np.ndarray
    weight: np.ndarray
    dose: np.ndarray
    response: np.ndarray

    def __post_init__(self) -> None:
        if len(self.propensity) and not (np.all(self.propensity > 0) and np.all(self.propensity < 1)):
            raise ValueError("A propensity is not between 0 and 1; leave out what was certain to be shown.")
        if np.any(self.dose <= 0) or np.any(self.weight < 1) or np.any(self.response < 0):
            raise ValueError("A dose is not above 0, a weight below 1 or a response negative; clean the log first.")

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: np.ndarray) -> Units:
        """Some of the units; rows: bool or int."""
        arrays = (getattr(self, name.name)[rows] for name in fields(self) if name.name != "inputs")
        return Units(self.inputs.take(rows), *arrays)

    @property
    def fold(self) -> np.ndarray:
        """int (units) below FOLDS: all units of a shopper have one."""
        return self.user % FOLDS

    @property
    def odds(self) -> np.ndarray:
        """float64 (units): the weight by which units that were not drawn resemble those that were; 1 for these."""
        return np.where(self.drawn, 1.0, self.weight * self.propensity / (1.0 - self.propensity))
