"""Bounds that the plan does not keep: named with the amount, the cause, and what keeping them costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jobs.execution.night import Night
from jobs.experiments.arms import of_arm
from jobs.planning.inputs import Inputs
from jobs.planning.names import PIN
from jobs.planning.outputs import above_caps
from jobs.planning.solving import Planned
from jobs.runtime.errors import Refused
from jobs.runtime.logs import event


def report_unmet(night: Night, planned: Planned, prices: pd.DataFrame, arm: str) -> None:
    """One line of the log and one decision of the run for every missed floor; prices: rows of constraint_prices."""
    about = {"step": "plan_exposure", "as_of": night.as_of, "policy": night.conf.plan.policy}
    of_group = {one.group.name: row for row, one in enumerate(planned.inputs.setting.groups)}
    solution = planned.made.solution
    for unmet in planned.made.unmet:
        missing = f"{unmet.amount:.2f} of {unmet.asked:.2f}"
        row = of_group.get(unmet.name)
        price = float(solution.prices.group[row] if row is not None else solution.prices.item_floor.max(initial=0.0))
        night.record.decisions[of_arm(arm, f"unmet {unmet.name}")] = (
            f"{missing}, at {price:.5f} a further exposure: {unmet.why}"
        )
        event("floor not met", **about, floor=unmet.name, missing=missing, price=f"{price:.5f}", why=unmet.why)
    pins = planned.inputs.setting.wishes.pins
    for pin in _short_pins(night, prices).itertuples():
        event(
            "pin not met", **about, item=pin.member, missing=f"{pin.shortfall:.2f}", owner=pins[str(pin.member)].owner
        )
    unknown = sorted(set(pins) - set(planned.inputs.setting.item_ids))
    if unknown:
        night.record.decisions[of_arm(arm, "pins without effect")] = ", ".join(unknown[:20])
        event("pinned items may not enter the lists", **about, items=len(unknown), first=unknown[0])


def report_above_caps(night: Night, inputs: Inputs, arm: str) -> None:
    """One line of the log and one decision where the list of those who refuse goes above the cap on an item's share."""
    above = above_caps(inputs)
    over = np.flatnonzero(above > 1e-9)
    if not len(over):
        return
    setting, most = inputs.setting, int(above.argmax())
    told = (
        f"{len(over)} items of the one list of those who refuse personalisation, by {above.sum():.2f} exposures in "
        f"all; most {setting.item_ids[most]}, {setting.shared.delivered[most]:.2f} of {setting.bounds.cap[most]:.2f}"
    )
    night.record.decisions[of_arm(arm, "above their caps")] = told
    event(
        "items above their caps", step="plan_exposure", as_of=night.as_of, policy=night.conf.plan.policy,
        items=len(over), told=told,
    )  # fmt: skip


def refuse_unmet(night: Night, planned: Planned, prices: pd.DataFrame) -> None:
    """Raises Refused when a floor or a pin is missed and the configuration asks for that.

    A floor is held against what is configured: a correction may ask for more than there is. A pin on an item that may
    not enter the lists refuses nothing: it is told, and has its effect when the item comes back.
    """
    if night.conf.plan.on_unmet_floor != "refuse":
        return
    configured = {one.group.name: one.configured for one in planned.inputs.setting.groups}
    enough = 1.0 - night.conf.plan.tolerance
    told = [
        f"{unmet.name} lacks {unmet.amount:.2f} of {unmet.asked:.2f}: {unmet.why}"
        for unmet in planned.made.unmet
        if unmet.possible < configured.get(unmet.name, unmet.asked) * enough
    ]
    told += [
        f"the pin of {pin.member} lacks {pin.shortfall:.2f} of {pin.bound:.2f}"
        for pin in _short_pins(night, prices).itertuples()
    ]
    if told:
        raise Refused(
            f"Floors of {night.as_of} (policy {night.conf.plan.policy}) cannot be met: {'; '.join(told)}.",
            "Lower them, or set plan.on_unmet_floor to serve. Nothing was written; the last night stays up.",
        )


def _short_pins(night: Night, prices: pd.DataFrame) -> pd.DataFrame:
    pins = prices[prices["constraint"] == PIN]
    return pins[pins["shortfall"] > pins["bound"] * night.conf.plan.tolerance]
