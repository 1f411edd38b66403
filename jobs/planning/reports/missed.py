"""Bounds that a plan misses: by how much, why, and what their last exposure costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from jobs.execution.night import Night
from jobs.experiments.arms import of_arm
from jobs.planning.merchandising import Merchandising
from jobs.planning.names import PIN
from jobs.planning.rows.prices import exposures_above_caps
from jobs.planning.rules.groups import NamedGroup
from jobs.planning.rules.item_bounds import ItemBounds
from jobs.runtime.errors import Refused
from jobs.runtime.logs import event
from model.exposure.plan import Plan

_MOST = 20  # pinned items named in one decision


def report_missed_floors(night: Night, groups: tuple[NamedGroup, ...], plan: Plan, arm: str) -> None:
    """One line of the log and one decision of the run for every floor that the lists miss."""
    row_of = {named.group.name: row for row, named in enumerate(groups)}
    prices = plan.solution.prices
    for missed in plan.unmet:
        missing = f"{missed.amount:.2f} of {missed.asked:.2f}"
        row = row_of.get(missed.name)
        price = float(prices.group[row] if row is not None else prices.item_floor.max(initial=0.0))
        night.record.decisions[of_arm(arm, f"unmet {missed.name}")] = (
            f"missed by {missing} exposures, the last one it gets costs {price:.5f} responses: {missed.why}"
        )
        event("floor missed", **_about(night), floor=missed.name, missing=missing, price=f"{price:.5f}", why=missed.why)


def report_pins(
    night: Night, merchandising: Merchandising, item_ids: np.ndarray, prices: pd.DataFrame, arm: str
) -> None:
    """One line of the log for every pin that is missed, and one for all pins of items that may not enter the lists.

    prices: rows of constraint_prices
    """
    pins = merchandising.pins
    for pin in _missed_pins(night, prices).itertuples():
        missing, owner = f"{pin.shortfall:.2f} of {pin.bound:.2f}", pins[str(pin.member)].owner
        event("pin missed", **_about(night), item=pin.member, missing=missing, owner=owner)
    not_planned = sorted(set(pins) - set(item_ids))
    if not_planned:
        night.record.decisions[of_arm(arm, "pins without effect")] = ", ".join(not_planned[:_MOST])
        event("pinned items may not enter the lists", **_about(night), items=len(not_planned), first=not_planned[0])


def report_above_caps(
    night: Night, item_ids: np.ndarray, bounds: ItemBounds, shared_exposure: np.ndarray, arm: str
) -> None:
    """One line of the log and one decision where the list of the shoppers without consent exceeds caps of items.

    shared_exposure: float64 (items), exposures by that list
    """
    above = exposures_above_caps(bounds, shared_exposure)
    items = int(np.count_nonzero(above > 1e-9))
    if not items:
        return
    most = int(above.argmax())
    message = (
        f"{items} items of the shared list of shoppers without consent, by {above.sum():.2f} exposures in all; most "
        f"{item_ids[most]}, {shared_exposure[most]:.2f} of {bounds.cap[most]:.2f}"
    )
    night.record.decisions[of_arm(arm, "above their caps")] = message
    event("items above their caps", **_about(night), items=items, which=message)


def refuse_missed(night: Night, groups: tuple[NamedGroup, ...], plan: Plan, prices: pd.DataFrame) -> None:
    """Raises Refused when a floor or a pin is missed and plan.on_unmet_floor says refuse.

    A floor is compared with the configured one: a correction may ask for more than exists. A pin of an item that may
    not enter the lists refuses nothing: it is reported, and takes effect when the item comes back.
    prices: rows of constraint_prices
    """
    if night.conf.plan.on_unmet_floor != "refuse":
        return
    configured = {named.group.name: named.configured for named in groups}
    enough = 1.0 - night.conf.plan.tolerance
    missed = [
        f"{floor.name} lacks {floor.amount:.2f} of {floor.asked:.2f}: {floor.why}"
        for floor in plan.unmet
        if floor.possible < configured.get(floor.name, floor.asked) * enough
    ]
    missed += [
        f"the pin of {pin.member} lacks {pin.shortfall:.2f} of {pin.bound:.2f}"
        for pin in _missed_pins(night, prices).itertuples()
    ]
    if missed:
        raise Refused(
            f"Floors of {night.as_of} (policy {night.conf.plan.policy}) cannot be met: {'; '.join(missed)}.",
            "Lower them, or set plan.on_unmet_floor to serve. Nothing was written; the previous night stays live.",
        )


def _missed_pins(night: Night, prices: pd.DataFrame) -> pd.DataFrame:
    pins = prices[prices["constraint"] == PIN]
    return pins[pins["shortfall"] > pins["bound"] * night.conf.plan.tolerance]


def _about(night: Night) -> dict[str, Any]:
    return {"step": "plan_exposure", "as_of": night.as_of, "policy": night.conf.plan.policy}
