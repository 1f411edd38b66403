"""Two plans of one night compared: exposure, responses, revenue, prices, and which items gain and lose."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from features.contract.segments import SEGMENTS
from jobs.planning.names import OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.report.page.numbers import amount, change, money, signed

_NAME, _WIDTH = 42, 16  # characters of a row's name and of its figures
_OF_RESPONSES, _OF_BIDS = "expected revenue of responses", "expected revenue of bids"
_MONEY = (_OF_RESPONSES, _OF_BIDS)


@dataclass(frozen=True)
class PlanTables:
    """The tables of a plan: lists (exposure_scores), items (item_exposure), prices (constraint_prices).

    weights: chance that each position is looked at; bids: what its sponsors pay, in the store's currency
    """

    lists: pd.DataFrame
    items: pd.DataFrame
    prices: pd.DataFrame
    weights: tuple[float, ...]
    bids: float

    def delivered(self, visits: pd.Series) -> pd.Series:
        """Expected delivered exposure of every entry. visits: by user_id."""
        weights = np.array(self.weights)
        return self.lists["user_id"].map(visits) * weights[self.lists["rank"].to_numpy() - 1]


def difference_in_words(
    live: PlanTables, other: PlanTables, visits: pd.Series, catalogue: pd.DataFrame, currency: str, most: int = 5
) -> str:
    """The text of a what-if.

    catalogue: item_id (index), title, price: what a response brings, NaN where unknown; most: items of each ranking
    """
    lines = [f"{'':<{_NAME}}{'live':>{_WIDTH}}{'what if':>{_WIDTH}}{'difference':>{_WIDTH}}"]
    for name, figures in _figures(live, other, visits, catalogue).items():
        lines.append(_row(name, *figures, partial(money, currency=currency) if name in _MONEY else amount))
    lines += ["", _changed(live, other), "", "Rules: the value that 1,000 more exposures cost, and what groups get"]
    lines += _prices(live.prices, other.prices)
    gains = _gains(live.items, other.items)
    for title, order in (("Items that gain most exposure", -gains), ("Items that lose most exposure", gains)):
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
        of_plan = {
            "expected exposures": exposure.sum(),
            **{f"  of {name}": exposure[segment == name].sum() for name in SEGMENTS},
            "expected responses": responses.sum(),
            **{f"  to {name}": responses[segment == name].sum() for name in SEGMENTS},
            _OF_RESPONSES: (responses * price).sum(),
            _OF_BIDS: plan.bids,
            "expected value, which the plan maximises": (exposure * plan.lists["value"]).sum(),
            "items shown": plan.lists["item_id"].nunique(),
        }
        for name, value in of_plan.items():
            figures.setdefault(name, []).append(float(value))
    return {name: (values[0], values[1]) for name, values in figures.items() if any(values)}


def _row(name: str, live: float, other: float, words: Callable[[float], str]) -> str:
    moved = change(other, live, "live")
    differs = words(live) != words(other)
    difference = signed(other - live, words) if differs else words(0.0)
    text = "hardly changed" if differs and moved.direction == "same" else moved.text
    share = f"  ({text})" if live else ""
    return f"{name:<{_NAME}}{words(live):>{_WIDTH}}{words(other):>{_WIDTH}}{difference:>{_WIDTH}}{share}"


def _changed(live: PlanTables, other: PlanTables) -> str:
    columns = ["user_id", "item_id"]
    both = live.lists[columns].merge(other.lists[columns], on=columns, how="outer", indicator=True)
    moved = both[both["_merge"] != "both"]
    entries = int((both["_merge"] == "right_only").sum())
    users = f"{moved['user_id'].nunique()} of {both['user_id'].nunique()}"
    return f"Places that hold another item: {amount(entries)}; lists that differ: those of {users} shoppers"


def _prices(live: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    of_items = (*OF_ITEM_CAP, *OF_ITEM_FLOOR)
    keys = ["constraint", "member"]
    both = live[~live["constraint"].isin(of_items)].merge(
        other[~other["constraint"].isin(of_items)], on=keys, how="outer", suffixes=("_live", "_other")
    )
    lines = []
    for row in both.sort_values(keys).to_dict("records"):
        before, after = (_bound(row, suffix) for suffix in ("_live", "_other"))
        lines.append(f"  {row['constraint']} ({row['member']}): {before} -> {after}")
    for kind in of_items:
        counts = [int(((table["constraint"] == kind) & (table["price"] > 0)).sum()) for table in (live, other)]
        if any(counts):
            lines.append(f"  items held by {kind}: {counts[0]} -> {counts[1]}")
    return lines or ["  none"]


def _bound(row: dict[Hashable, Any], suffix: str) -> str:
    if np.isnan(row[f"price{suffix}"]):
        return "no rule"
    price, bound, used, shortfall = (float(row[f"{name}{suffix}"]) for name in ("price", "bound", "used", "shortfall"))
    short = f", {amount(shortfall)} short" if shortfall > 0 else ""
    return f"{amount(1000 * price)} (bound {amount(bound)}, gets {amount(used)}{short})"


def _gains(live: pd.DataFrame, other: pd.DataFrame) -> pd.Series:
    before, after = (plan.set_index("item_id")["allocated"] for plan in (live, other))
    return after.sub(before, fill_value=0.0)


def _item(item: str, live: pd.DataFrame, other: pd.DataFrame, catalogue: pd.DataFrame) -> str:
    before, after = (amount(float(plan.set_index("item_id")["allocated"].get(item, 0.0))) for plan in (live, other))
    title = catalogue["title"].get(item, "")
    return f"  {item:<12} {before:>9} -> {after:>9}  {title}"
