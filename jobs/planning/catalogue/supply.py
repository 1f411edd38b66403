"""What the store can give of an item: purchases that its stock allows, and exposures for its launch."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jobs.config.plan import Launch, Stock
from jobs.planning.columns import UNITS_AND_LINES


def purchases_in_stock(stock: Stock, items: pd.DataFrame) -> np.ndarray:
    """float64 (items) >= 0: purchase lines that the stock allows; infinite where it is unknown or no bound.

    A line takes as many units as those of the last 28 days. Lines that are expected without any exposure are
    subtracted. items: stock.column, stock.demand_column and UNITS_AND_LINES where they are configured
    """
    if stock.column is None:
        return np.full(len(items), np.inf)
    lines = items[stock.column].to_numpy(dtype=np.float64) / _units_per_line(items)
    if stock.demand_column is not None:
        lines = lines - np.nan_to_num(items[stock.demand_column].to_numpy(dtype=np.float64), nan=0.0)
    return np.where(np.isnan(lines), np.inf, np.maximum(lines, 0.0))


def launch_exposures(launch: Launch, items: pd.DataFrame) -> np.ndarray:
    """float64 (items): expected exposures that a new item gets at least; they fall to 0 in launch.days.

    items: days_since_listed
    """
    if launch.exposures == 0:
        return np.zeros(len(items))
    age = items["days_since_listed"].to_numpy(dtype=np.float64)
    return launch.exposures * np.clip(1.0 - age / launch.days, 0.0, 1.0)


def _units_per_line(items: pd.DataFrame) -> np.ndarray:
    """float64 (items) >= 1: units of a purchase line; 1 where nothing was sold in the last 28 days."""
    units, lines = (items[name].to_numpy(dtype=np.float64) for name in UNITS_AND_LINES)
    sold = (units > 0) & (lines > 0)
    return np.where(sold, np.maximum(units / np.where(sold, lines, 1.0), 1.0), 1.0)
