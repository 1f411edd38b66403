"""Demand without exposure: the chance that a shopper responds to an item that was not shown.

Fitted on units that were not drawn. An item's responses over those expected of its relevance, shrunk to the mean by a
Gamma prior (Robbins 1956, its variance by moments), times boosted trees with Poisson's deviance.
"""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm
import numpy as np

from model.uplift.units import FOLDS, PairInputs, Units

LEAST_RELEVANCE = 1e-6
_LEAST_RESPONSES = 0.1  # keeps the mean above 0 where there is no response
_LARGEST_VARIANCE = 25.0
_TREES = {"rounds": 40, "leaves": 7, "leaf_rows": 500, "learning_rate": 0.1, "l2": 10.0}


@dataclass(frozen=True)
class Demand:
    """mean: responses over relevance of all items; ratio: float64 (items), an item's over the mean
    trees: corrections of the logarithm by the columns of `_columns`; None where there are too few units to grow any
    """

    mean: float
    ratio: np.ndarray
    trees: lightgbm.Booster | None

    def expected(self, pairs: PairInputs, threads: int) -> np.ndarray:
        """float64 (pairs) in [0, 1]: chance of a response without exposure."""
        logarithm = np.log(self._by_items(pairs))
        if self.trees is not None and len(pairs):
            columns = _columns(pairs, self.ratio_of(pairs))
            logarithm = logarithm + self.trees.predict(columns, raw_score=True, num_threads=threads)
        return np.minimum(np.exp(logarithm), 1.0)

    def ratio_of(self, pairs: PairInputs) -> np.ndarray:
        """float64 (pairs): ratio of the item, 1 for an unknown one."""
        return np.where(pairs.item >= 0, self.ratio[np.maximum(pairs.item, 0)], 1.0)

    def _by_items(self, pairs: PairInputs) -> np.ndarray:
        return self.mean * self.ratio_of(pairs) * np.maximum(pairs.relevance, LEAST_RELEVANCE)


def fitted_demand(units: Units, rows: np.ndarray, items: int, seed: int, threads: int) -> Demand:
    """The demand, fitted on the units of `rows` that were not drawn; rows: bool (units)."""
    rows = rows & ~units.drawn
    pairs, response = units.inputs.take(rows), units.response[rows]
    weight = units.odds[rows]
    weight = weight / max(weight.mean(), 1e-300) if len(weight) else weight
    by_relevance = weight * np.maximum(pairs.relevance, LEAST_RELEVANCE)
    mean = max(float(weight @ response), _LEAST_RESPONSES) / max(float(by_relevance.sum()), _LEAST_RESPONSES)
    known = pairs.item >= 0
    expected = mean * np.bincount(pairs.item[known], by_relevance[known], minlength=items)
    observed = np.bincount(pairs.item[known], (weight * response)[known], minlength=items)
    noise = np.bincount(pairs.item[known], (weight**2 * response)[known], minlength=items)
    ratio = _shrunk(observed, expected, noise)
    demand = Demand(mean, ratio, None)
    if len(pairs) < 2 * _TREES["leaf_rows"] or not response.any():
        return demand
    data = lightgbm.Dataset(
        _columns(pairs, demand.ratio_of(pairs)), response, weight=weight, init_score=np.log(demand._by_items(pairs))
    )
    parameters = {
        "objective": "poisson", "num_leaves": _TREES["leaves"], "min_data_in_leaf": _TREES["leaf_rows"],
        "learning_rate": _TREES["learning_rate"], "lambda_l2": _TREES["l2"], "boost_from_average": False,
        "seed": seed, "num_threads": threads, "deterministic": True, "force_row_wise": True, "verbose": -1,
    }  # fmt: skip
    return Demand(mean, ratio, lightgbm.train(parameters, data, int(_TREES["rounds"])))


def cross_fitted_demand(units: Units, items: int, seed: int, threads: int) -> np.ndarray:
    """float64 (units): the demand of each, by a model of other shoppers (Chernozhukov et al. 2018)."""
    expected = np.empty(len(units))
    for fold in range(FOLDS):
        own = units.fold == fold
        expected[own] = fitted_demand(units, ~own, items, seed, threads).expected(units.inputs.take(own), threads)
    return expected


def _shrunk(observed: np.ndarray, expected: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """float64 (items): (observed + k) / (expected + k), 1 / k the variance of the ratio between items."""
    square = float(expected @ expected)
    excess = float(((observed - expected) ** 2 - noise).sum())
    variance = min(max(excess / square, 0.0), _LARGEST_VARIANCE) if square > 0 else 0.0
    if variance == 0.0:
        return np.ones(len(expected))
    return (observed + 1 / variance) / (expected + 1 / variance)


def _columns(pairs: PairInputs, ratio: np.ndarray) -> np.ndarray:
    relevance = np.log(np.maximum(pairs.relevance, LEAST_RELEVANCE))
    return np.column_stack([relevance, np.log(ratio), pairs.features])
