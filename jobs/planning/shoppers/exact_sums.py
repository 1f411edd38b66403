"""Sums of numbers that are the same whatever the order of the rows: of whole numbers of a small unit."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from pyspark.sql import Column
from pyspark.sql import functions as F

_PER_ONE = 1e9  # units of 1


def summed_units(column: Column) -> Column:
    """The sum of a column in units: decimal, NULL without rows. column: double, its absolute values below 1e18"""
    return F.sum(F.rint(column * _PER_ONE).cast("decimal(28,0)"))


def units_of(values: np.ndarray) -> int:
    """The same sum of an array."""
    return int(np.rint(values * _PER_ONE).astype(np.int64).sum())


def of_units(units: Decimal | int | None) -> float:
    """The number that so many units make; 0 for None."""
    return int(units or 0) / _PER_ONE
