"""Cap and floor of every item, and which constraint each comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.config.plan import Plan
from jobs.planning.catalogue.planned_items import Catalogue
from jobs.planning.merchandising import Merchandising
from jobs.planning.names import ITEM_CAP, LAUNCH, PIN, STOCK
from jobs.planning.rules.quality import has_named_word, may_be_lifted
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
    plan: Plan,
    catalogue: Catalogue,
    merchandising: Merchandising,
    total: float,
    largest: np.ndarray,
    part: float = 1.0,
) -> ItemBounds:
    """The bounds of a night.

    total: exposures that shares refer to; largest: relevance of each item's best pair
    part: the planned shoppers' part of all visits, and so of the stock and of exposures that are numbers

    If every exposure had the largest relevance, the expected responses would just use up the stock; so they never
    exceed it. A pin raises the share cap to somewhat above itself, as whole places cannot meet a number exactly; it
    never raises the stock.
    """
    floor, floor_kind = _floors(plan, catalogue, merchandising, total, part)
    cap = np.maximum(plan.max_item_share * total, np.where(floor_kind == PIN, PIN_HEADROOM * floor, 0.0))
    stock = catalogue.in_stock / np.maximum(largest, 1e-12) * part
    kind = np.where(stock < cap, STOCK, ITEM_CAP).astype(object)
    return ItemBounds(np.minimum(cap, stock), floor, stock, kind, floor_kind)


def _floors(
    plan: Plan, catalogue: Catalogue, merchandising: Merchandising, total: float, part: float
) -> tuple[np.ndarray, np.ndarray]:
    """The largest floor of each item, and the constraint that it comes from."""
    items = catalogue.items
    of_segment = (items["segment"] == plan.item_floor.segment).to_numpy()
    floor = np.where(of_segment, plan.item_floor.exposures * part, 0.0)
    kind = np.full(len(items), ITEM_FLOOR, dtype=object)
    launch = catalogue.launch * part
    kind[launch > floor] = LAUNCH
    floor = np.where(may_be_lifted(plan, items), np.maximum(floor, launch), 0.0)  # a pin is a person's decision
    shares = items["item_id"].map({item_id: pin.share for item_id, pin in merchandising.pins.items()})
    pinned = np.where(has_named_word(plan, items), 0.0, np.nan_to_num(shares.to_numpy(dtype=np.float64)) * total)
    kind[pinned > floor] = PIN
    return np.maximum(floor, pinned), kind
