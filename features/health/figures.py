"""Figures as rows of metrics: name, segment, value."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

Figure = tuple[str, str, float]
ALL = "all"


def by_segment(rows: pd.DataFrame, figures: Mapping[str, Callable[[pd.DataFrame], float]]) -> list[Figure]:
    """Each figure over the rows of each segment and over all rows; NaN is left out."""
    parts = [*((str(name), part) for name, part in rows.groupby("segment")), (ALL, rows)]
    return kept((name, segment, figure(part)) for segment, part in parts for name, figure in figures.items())


def kept(figures: object) -> list[Figure]:
    """The figures that are numbers, as floats."""
    return [(name, segment, float(value)) for name, segment, value in figures if np.isfinite(value)]  # type: ignore[attr-defined]
