"""Cap and floor of every item, and which constraint each comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from jobs.config.plan import Plan
from jobs.planning.columns import UNITS_AND_LINES
from jobs.planning.merchandising import Merchandising
from jobs.planning.names import ITEM_CAP, LAUNCH, PIN, STOCK
from model.exposure.feasibility import ITEM_FLOOR

PIN_HEADROOM = 1.1  # of a pin that is above the share cap


@dataclass(frozen=True)
class ItemBounds:
    """float64 (items), expected delivered exposures: cap, floor, and `stock`, infinite where stock is no bound.

    cap_kind and floor_kind: arrays of names (items), the constraint that each bound comes from
    """

    cap: np.ndarray
    floor: np.ndarray
    stock: np.ndarray
    cap_kind: np.ndarray
    floor_kind: np.ndarray


def item_bounds(
    plan: Plan, items: pd.DataFrame, wishes: Merchandising, total: float, largest: np.ndarray, part: float = 1.0
) -> ItemBounds:
    """The bounds of a night. total: exposures that shares refer to; largest: relevance of each item's best pair; part:
    the planned shoppers' part of all visits; they get so much of the stock and of exposures that are numbers.

    A response to every exposure at the largest relevance must not outgrow the stock, in purchase lines of as many units
    as those of the last 28 days, less the lines that are expected anyway: so expected responses never do. A pin
    raises the share cap to somewhat above itself, as whole places cannot meet a number exactly, never the stock's.
    """
    floor, floor_kind = _floors(plan, items, wishes, total, part)
    cap = np.maximum(plan.max_item_share * total, np.where(floor_kind == PIN, PIN_HEADROOM * floor, 0.0))
    stock = _stock(plan, items, largest) * part
    kind = np.where(stock < cap, STOCK, ITEM_CAP).astype(object)
    return ItemBounds(np.minimum(cap, stock), floor, stock, kind, floor_kind)


def _floors(
    plan: Plan, items: pd.DataFrame, wishes: Merchandising, total: float, part: float
) -> tuple[np.ndarray, np.ndarray]:
    of_segment = (items["segment"] == plan.item_floor.segment).to_numpy()
    floor = np.where(of_segment, plan.item_floor.exposures * part, 0.0)
    kind = np.full(len(items), ITEM_FLOOR, dtype=object)
    if plan.launch.exposures > 0:
        age = items["days_since_listed"].to_numpy(dtype=np.float64)
        allowance = plan.launch.exposures * part * np.clip(1.0 - age / plan.launch.days, 0.0, 1.0)
        kind[allowance > floor] = LAUNCH
        floor = np.maximum(floor, allowance)
    shares = items["item_id"].map({item: wish.share for item, wish in wishes.pins.items()}).to_numpy(dtype=np.float64)
    pinned = np.nan_to_num(shares, nan=0.0) * total
    kind[pinned > floor] = PIN
    return np.maximum(floor, pinned), kind


def _stock(plan: Plan, items: pd.DataFrame, largest: np.ndarray) -> np.ndarray:
    if plan.stock.column is None:
        return np.full(len(items), np.inf)
    lines = items[plan.stock.column].to_numpy(dtype=np.float64) / _units_a_line(items)
    if plan.stock.demand_column is not None:
        lines = lines - np.nan_to_num(items[plan.stock.demand_column].to_numpy(dtype=np.float64), nan=0.0)
    exposures = np.maximum(lines, 0.0) / np.maximum(largest, 1e-12)
    return np.where(np.isnan(lines), np.inf, exposures)


def _units_a_line(items: pd.DataFrame) -> np.ndarray:
    """float64 (items): what a response takes out of the stock, at least 1; 1 where the last 28 days do not tell."""
    units, lines = (items[name].to_numpy(dtype=np.float64) for name in UNITS_AND_LINES)
    told = (units > 0) & (lines > 0)
    return np.where(told, np.maximum(units / np.where(told, lines, 1.0), 1.0), 1.0)
