"""Two plans of one night side by side: exposure, responses, revenue, prices, who wins and loses."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from jobs.planning.names import OF_ITEM_CAP, OF_ITEM_FLOOR

_NAME = 42  # characters


@dataclass(frozen=True)
class PlanTables:
    """A plan as its tables: lists (exposure_scores), items (item_exposure), prices (constraint_prices).

    weights: what its positions count; bids: what its sponsors pay, in the store's currency
    """

    lists: pd.DataFrame
    items: pd.DataFrame
    prices: pd.DataFrame
    weights: tuple[float, ...]
    bids: float

    def delivered(self, visits: pd.Series) -> pd.Series:
        """Expected delivered exposure of every entry. visits: expected visits by user_id."""
        weights = np.array(self.weights)
        return self.lists["user_id"].map(visits) * weights[self.lists["rank"].to_numpy() - 1]


def difference_in_words(
    live: PlanTables, other: PlanTables, visits: pd.Series, catalogue: pd.DataFrame, most: int = 5
) -> str:
    """The text of a what-if. catalogue: item_id (index), title, price: what a response brings, NaN where unknown."""
    lines = [f"{'':<{_NAME}}{'live':>12}{'what if':>12}{'difference':>12}"]
    for name, figures in _figures(live, other, visits, catalogue).items():
        lines.append(_row(name, *figures))
    lines += ["", _changed(live, other), "", "Prices (value of one more expected exposure) and what groups got"]
    lines += _prices(live.prices, other.prices)
    gains = _gains(live.items, other.items)
    for title, order in (("Items that win most exposure", -gains), ("Items that lose most", gains)):
        lines += ["", title]
        chosen = order.sort_values(kind="stable").index[:most]
        lines += [_item(item, live.items, other.items, catalogue) for item in chosen if order[item] < 0] or ["  none"]
    return "\n".join(lines)


def _figures(
    live: PlanTables, other: PlanTables, visits: pd.Series, catalogue: pd.DataFrame
) -> dict[str, tuple[float, float]]:
    figures: dict[str, list[float]] = {}
    for plan in (live, other):
        exposure = plan.delivered(visits)
        segment = plan.lists["item_id"].map(plan.items.set_index("item_id")["segment"])
        responses = exposure * plan.lists["relevance"]
        price = plan.lists["item_id"].map(catalogue["price"])
        told = {"expected exposures": float(exposure.sum())}
        for name in ("head", "tail", "cold"):
            told[f"  of {name}"] = float(exposure[segment == name].sum())
        told["expected responses"] = float(responses.sum())
        for name in ("head", "tail", "cold"):
            told[f"  to {name}"] = float(responses[segment == name].sum())
        told["expected revenue of responses"] = float((responses * price).sum())
        told["expected revenue of bids"] = plan.bids
        told["expected value, which the plan maximises"] = float((exposure * plan.lists["value"]).sum())
        told["items shown"] = float(plan.lists["item_id"].nunique())
        for name, value in told.items():
            figures.setdefault(name, []).append(value)
    return {name: (values[0], values[1]) for name, values in figures.items() if any(values)}


def _row(name: str, live: float, other: float) -> str:
    difference = round(other - live, 3) or 0.0  # without the sign of a zero
    share = f" ({round((other - live) / live, 3) or 0.0:+.1%})" if live else ""
    return f"{name:<{_NAME}}{live:>12,.3f}{other:>12,.3f}{difference:>+12,.3f}{share}"


def _changed(live: PlanTables, other: PlanTables) -> str:
    columns = ["user_id", "item_id"]
    both = live.lists[columns].merge(other.lists[columns], on=columns, how="outer", indicator=True)
    moved = both[both["_merge"] != "both"]
    entries = int((both["_merge"] == "right_only").sum())
    users = f"{moved['user_id'].nunique()} of {both['user_id'].nunique()}"
    return f"Entries that only the second plan has: {entries}, in the lists of {users} shoppers"


def _prices(live: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    of_items = (*OF_ITEM_CAP, *OF_ITEM_FLOOR)
    keys = ["constraint", "member"]
    both = live[~live["constraint"].isin(of_items)].merge(
        other[~other["constraint"].isin(of_items)], on=keys, how="outer", suffixes=("_live", "_other")
    )
    lines = []
    for row in both.sort_values(keys).to_dict("records"):
        was, now = (_bound(row, suffix) for suffix in ("_live", "_other"))
        lines.append(f"  {row['constraint']} {row['member']}: {was} -> {now}")
    for kind in of_items:
        counts = [int(((table["constraint"] == kind) & (table["price"] > 0)).sum()) for table in (live, other)]
        if any(counts):
            lines.append(f"  {kind} that bind: {counts[0]} -> {counts[1]}")
    return lines or ["  none"]


def _bound(row: dict[Hashable, Any], suffix: str) -> str:
    if np.isnan(row[f"price{suffix}"]):
        return "not asked"
    short = f", {row[f'shortfall{suffix}']:.1f} short" if row[f"shortfall{suffix}"] > 0 else ""
    return f"{row[f'price{suffix}']:.5f} (bound {row[f'bound{suffix}']:.1f}, got {row[f'used{suffix}']:.1f}{short})"


def _gains(live: pd.DataFrame, other: pd.DataFrame) -> pd.Series:
    was, now = (plan.set_index("item_id")["allocated"] for plan in (live, other))
    return now.sub(was, fill_value=0.0)


def _item(item: str, live: pd.DataFrame, other: pd.DataFrame, catalogue: pd.DataFrame) -> str:
    was, now = (float(plan.set_index("item_id")["allocated"].get(item, 0.0)) for plan in (live, other))
    title = catalogue["title"].get(item, "")
    return f"  {item:<12} {was:>9.2f} -> {now:>9.2f}  {title}"
