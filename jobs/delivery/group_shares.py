"""What each floor and cap of a plan was to get of a night, what it got, and what that led to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jobs.config.plan import Plan
from jobs.planning.rules.groups import named_groups

OUTCOMES = ("clicks", "carts", "purchases", "revenue", "margin")


def group_shares(plan: Plan, items: pd.DataFrame, account: pd.DataFrame) -> pd.DataFrame:
    """constraint, member, asked, expected (exposures), planned, achieved (shares of the night's whole), the outcomes.

    items: item_id and the columns that the plan names, as they were on the night; account: item_id, planned, delivered
    and the outcomes of the night's lists. Outcomes are sums, NaN where none is known. Groups may overlap.
    """
    of_item = account.set_index("item_id")[["planned", "delivered", *OUTCOMES]].astype(np.float64)
    of_item = of_item.reindex(items["item_id"])
    whole = account[["planned", "delivered"]].sum()
    rows = []
    for one in named_groups(plan, items, total=1.0):
        asked = one.group.cap if np.isfinite(one.group.cap) else one.group.floor
        sums = of_item.iloc[one.group.members].sum(min_count=1)
        rows.append({"constraint": one.constraint, "member": one.member, "asked": float(asked), **sums})
    columns = ["constraint", "member", "asked", "planned", "delivered", *OUTCOMES]
    found = pd.DataFrame(rows, columns=columns).fillna({"planned": 0.0, "delivered": 0.0})
    found["expected"] = found["planned"]
    found["planned"] /= whole["planned"]
    found["achieved"] = found.pop("delivered") / whole["delivered"]
    return found
