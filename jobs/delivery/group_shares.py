"""The exposure that each floor and cap of a plan asked for, what was delivered, and its outcomes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from jobs.config.plan import Plan
from jobs.planning.rules.groups import named_groups

OUTCOMES = ("clicks", "carts", "purchases", "revenue", "margin")


def group_shares(
    plan: Plan, items: pd.DataFrame, account: pd.DataFrame, outcomes: Sequence[str] = OUTCOMES
) -> pd.DataFrame:
    """constraint, member, asked, expected (exposures), planned and achieved (shares of the night's total), outcomes.

    items: item_id and the columns that the plan names, as of the night; account: item_id, planned, delivered and the
    outcomes of the night's lists. Outcomes are sums, NaN where none is known. Groups may overlap.
    """
    of_item = account.set_index("item_id")[["planned", "delivered", *outcomes]].astype(np.float64)
    of_item = of_item.reindex(items["item_id"])
    total = account[["planned", "delivered"]].sum()
    rows = []
    for named in named_groups(plan, items, total=1.0):
        group = named.group
        asked = group.cap if np.isfinite(group.cap) else group.floor
        sums = of_item.iloc[group.members].sum(min_count=1)
        rows.append({"constraint": named.constraint, "member": named.member, "asked": float(asked), **sums})
    columns = ["constraint", "member", "asked", "planned", "delivered", *outcomes]
    shares = pd.DataFrame(rows, columns=columns).fillna({"planned": 0.0, "delivered": 0.0})
    shares["expected"] = shares["planned"]
    shares["planned"] /= total["planned"]
    shares["achieved"] = shares.pop("delivered") / total["delivered"]
    return shares
