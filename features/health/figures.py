"""Figures as rows of metrics: name, segment, value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd

from features.contract.metrics import ALL

Figure = tuple[str, str, float]


def by_segment(rows: pd.DataFrame, figures: Mapping[str, Callable[[pd.DataFrame], float]]) -> list[Figure]:
    """Each figure over the rows of each segment and over all rows, without those that are NaN."""
    parts = [*((str(name), part) for name, part in rows.groupby("segment")), (ALL, rows)]
    return finite((name, segment, figure(part)) for segment, part in parts for name, figure in figures.items())


def finite(figures: Iterable[Figure]) -> list[Figure]:
    """The figures with a finite value, as floats."""
    return [(name, segment, float(value)) for name, segment, value in figures if np.isfinite(value)]
