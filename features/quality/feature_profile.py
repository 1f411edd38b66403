"""Profile of a night's features: shares of missing, default and out-of-range values, and drift."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BooleanType, DoubleType

from features.declarations import Feature
from features.declarations.feature import bounds

Profile = dict[str, dict[str, float]]  # feature -> figure -> value
BINS = 10


def profiles(frame: DataFrame, features: Sequence[Feature]) -> dict[date, tuple[int, Profile]]:
    """By as_of, in one pass: rows, and null_share, default_share and out_of_range_share of each feature.

    NaN counts as missing. A value outside the declared bounds, or infinite, is out of range.
    """
    figures = [(feature, name, column) for feature in features for name, column in _figures(feature).items()]
    counted = frame.groupBy("as_of").agg(
        F.count(F.lit(1)).alias("rows"),
        *(F.count_if(column).alias(str(number)) for number, (_, _, column) in enumerate(figures)),
    )
    by_date: dict[date, tuple[int, Profile]] = {}
    for counts in counted.collect():
        shares: Profile = {}
        for number, (feature, name, _) in enumerate(figures):
            shares.setdefault(feature.name, {})[name] = counts[str(number)] / counts["rows"]
        by_date[counts["as_of"]] = (counts["rows"], shares)
    return by_date


def sampled(frame: DataFrame, key: str, features: Sequence[Feature], share: float) -> DataFrame:
    """as_of and the features with drift of a share of the entities: the same ones every night, by a hash of the key."""
    parts = 1_000_000
    chosen = frame.where(F.pmod(F.xxhash64(key), F.lit(parts)) < int(share * parts))
    return chosen.select("as_of", *(F.col(feature.name).cast("double") for feature in drifting(features)))


def drifting(features: Sequence[Feature]) -> list[Feature]:
    """The features whose drift is measured: numbers and flags."""
    return [feature for feature in features if feature.is_number or isinstance(feature.type, BooleanType)]


def population_stability_index(reference: np.ndarray, current: np.ndarray, default: float) -> float:
    """Sum of (p - q) ln(p / q) over bins, where p and q are the shares of current and reference values in them.

    The default is a bin of its own, and so is each distinct decile of the reference, including its ends; the other bins
    lie between, below and above them, so that the values of a feature with few of them stay separate. An empty bin
    counts as half a row. Values below 0.1 are usually called stable, above 0.25 shifted (Siddiqi, Credit Risk
    Scorecards, 2006). 0 if either side has no rows.
    """
    if not len(reference) or not len(current):
        return 0.0
    observed = reference[reference != default]
    cuts = np.unique(np.quantile(observed, np.linspace(0, 1, BINS + 1))) if len(observed) else np.zeros(0)

    def shares(values: np.ndarray) -> np.ndarray:
        place = np.searchsorted(cuts, values, side="left") + np.searchsorted(cuts, values, side="right")
        bins = np.where(values == default, 0, 1 + place)
        return np.maximum(np.bincount(bins, minlength=2 * len(cuts) + 2), 0.5) / len(values)

    p, q = shares(current), shares(reference)
    return float(((p - q) * np.log(p / q)).sum())


def _figures(feature: Feature) -> dict[str, Column]:
    column = F.col(feature.name)
    missing = column.isNull()
    if isinstance(feature.type, DoubleType):
        missing = missing | F.isnan(column)
    default = F.size(column) == 0 if isinstance(feature.type, ArrayType) else column == F.lit(feature.default)
    figures = {"null_share": missing, "default_share": default}
    limits = bounds(feature)
    if limits is not None:
        low, high = limits
        outside = (column < low) | (column > high) | (column == float("inf"))
        figures["out_of_range_share"] = ~missing & outside
    return figures
