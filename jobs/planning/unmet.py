"""Floors that the plan misses: named with the amount, the cause, and what meeting them costs."""

from __future__ import annotations

import pandas as pd

from jobs.planning.names import PIN
from jobs.planning.solving import Planned
from jobs.runtime.errors import Refused
from jobs.runtime.logs import event
from jobs.runtime.night import Night


def tell_unmet(night: Night, planned: Planned, prices: pd.DataFrame) -> None:
    """One line of the log and one decision of the run for every missed floor; prices: rows of constraint_prices."""
    about = {"step": "plan_exposure", "as_of": night.as_of}
    of_group = {one.group.name: row for row, one in enumerate(planned.inputs.setting.groups)}
    solution = planned.made.solution
    for unmet in planned.made.unmet:
        missing = f"{unmet.amount:.2f} of {unmet.asked:.2f}"
        row = of_group.get(unmet.name)
        price = float(solution.prices.group[row] if row is not None else solution.prices.item_floor.max(initial=0.0))
        night.record.decisions[f"unmet {unmet.name}"] = f"{missing}, at {price:.5f} a further exposure: {unmet.why}"
        event("floor not met", **about, floor=unmet.name, missing=missing, price=f"{price:.5f}", why=unmet.why)
    pins = planned.inputs.setting.wishes.pins
    short = prices[(prices["constraint"] == PIN) & (prices["shortfall"] > 0)]
    for pin in short.itertuples():
        event(
            "pin not met", **about, item=pin.member, missing=f"{pin.shortfall:.2f}", owner=pins[str(pin.member)].owner
        )
    unknown = sorted(set(pins) - set(planned.inputs.setting.item_ids))
    if unknown:
        night.record.decisions["pins without effect"] = ", ".join(unknown[:20])
        event("pinned items may not enter the lists", **about, items=len(unknown), first=unknown[0])


def refuse_unmet(night: Night, planned: Planned) -> None:
    """Raises Refused when a floor is missed and the configuration asks for that."""
    missed = planned.made.unmet
    if missed and night.conf.plan.on_unmet_floor == "refuse":
        told = "; ".join(f"{unmet.name} lacks {unmet.amount:.2f} of {unmet.asked:.2f}: {unmet.why}" for unmet in missed)
        raise Refused(
            f"Floors of {night.as_of} cannot be met: {told}.",
            "Lower them, or set plan.on_unmet_floor to serve. Nothing was written; the last night stays up.",
        )
