"""The bounds of a plan with their prices, as rows of constraint_prices."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jobs.config.plan import Plan as PlanSection
from jobs.planning.names import BUDGET, OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.planning.rules.groups import NamedGroup
from jobs.planning.rules.item_bounds import ItemBounds
from model.exposure.plan import Plan


def price_rows(
    item_ids: np.ndarray, bounds: ItemBounds, groups: tuple[NamedGroup, ...], shared_exposure: np.ndarray, plan: Plan
) -> pd.DataFrame:
    """Every group, and the bounds of items that have a price or are not met, in the columns of constraint_prices.

    Floors of groups are compared with the exposure over all outcomes of the draw, all else with the lists as drawn.
    shared_exposure: float64 (items), exposures by the list of the shoppers without consent
    """
    prices, delivered = plan.solution.prices, plan.delivered + shared_exposure
    above = exposures_above_caps(bounds, shared_exposure)
    missing = np.maximum(bounds.floor - delivered, 0.0)
    caps = pd.DataFrame(
        {
            "constraint": bounds.cap_kind,
            "member": item_ids,
            "price": prices.cap,
            "bound": bounds.cap,
            "used": delivered,
            "shortfall": 0.0,
        }
    )
    floors = pd.DataFrame(
        {
            "constraint": bounds.floor_kind,
            "member": item_ids,
            "price": prices.item_floor,
            "bound": bounds.floor,
            "used": delivered,
            "shortfall": missing,
        }
    )
    parts = [
        caps[((prices.cap > 0) | (above > 0)) & caps["constraint"].isin(OF_ITEM_CAP)],
        floors[((prices.item_floor > 0) | (missing > 0)) & floors["constraint"].isin(OF_ITEM_FLOOR)],
        _of_groups(groups, shared_exposure, plan),
    ]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def exposures_above_caps(bounds: ItemBounds, shared_exposure: np.ndarray) -> np.ndarray:
    """float64 (items): expected exposures by which the list of the shoppers without consent exceeds an item's cap."""
    return np.maximum(shared_exposure - bounds.cap, 0.0)


def spent_on_bids(rows: pd.DataFrame, plan: PlanSection) -> float:
    """What the sponsors of a plan pay, in the store's currency, from its rows of constraint_prices."""
    budgets = rows[rows["constraint"] == BUDGET]
    bids = {provider: sponsor.bid for provider, sponsor in plan.sponsors.items()}
    return float((budgets["used"] * budgets["member"].map(bids)).sum())


def _of_groups(groups: tuple[NamedGroup, ...], shared_exposure: np.ndarray, plan: Plan) -> pd.DataFrame:
    prices = plan.solution.prices
    of_shared = np.array([shared_exposure[named.group.members].sum() for named in groups], dtype=np.float64)
    floor = np.array([named.group.floor for named in groups], dtype=np.float64)
    cap = np.array([named.group.cap for named in groups], dtype=np.float64)
    capped = np.isfinite(cap)
    used = np.where(capped, plan.group_delivered, plan.group_expected) + of_shared
    missing = np.maximum(floor - used, 0.0)
    return pd.DataFrame(
        {
            "constraint": pd.Series([named.constraint for named in groups], dtype=object),
            "member": pd.Series([named.member for named in groups], dtype=object),
            "price": np.where(capped, prices.group_cap, prices.group),
            "bound": np.where(capped, cap, floor),
            "used": used,
            # Sums differ in the last digits by their order.
            "shortfall": np.where(missing > 1e-9 * floor, missing, 0.0),
        }
    )
