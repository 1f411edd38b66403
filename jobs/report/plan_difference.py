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
    """A plan: what its lists give each item, items (item_exposure) and prices (constraint_prices).

    listed: item_id (index), exposure, responses, value: sums over the entries of all lists, expected
    bids: what its sponsors pay, in the store's currency
    """

    listed: pd.DataFrame
    items: pd.DataFrame
    prices: pd.DataFrame
    bids: float


@dataclass(frozen=True)
class MovedEntries:
    """Entries of the other plan's lists that the live lists do not hold, shoppers whose lists differ, all shoppers."""

    entries: int
    shoppers: int
    of_shoppers: int


def difference_in_words(
    live: PlanTables, other: PlanTables, moved: MovedEntries, catalogue: pd.DataFrame, currency: str, most: int = 5
) -> str:
    """The text of a what-if.

    catalogue: item_id (index), title, price: what a response brings, NaN where unknown; most: items of each ranking
    """
    lines = [f"{'':<{_NAME}}{'live':>{_WIDTH}}{'what if':>{_WIDTH}}{'difference':>{_WIDTH}}"]
    for name, figures in _figures(live, other, catalogue).items():
        lines.append(_row(name, *figures, partial(money, currency=currency) if name in _MONEY else amount))
    lines += ["", _changed(moved), "", "Rules: the value that 1,000 more exposures cost, and what groups get"]
    lines += _prices(live.prices, other.prices)
    gains = _gains(live.items, other.items)
    for title, order in (("Items that gain most exposure", -gains), ("Items that lose most exposure", gains)):
        lines += ["", title]
        chosen = order.sort_values(kind="stable").index[:most]
        lines += [_item(item, live.items, other.items, catalogue) for item in chosen if order[item] < 0] or ["  none"]
    return "\n".join(lines)


def _figures(live: PlanTables, other: PlanTables, catalogue: pd.DataFrame) -> dict[str, tuple[float, float]]:
    figures: dict[str, list[float]] = {}
    for plan in (live, other):
        exposure, responses = plan.listed["exposure"], plan.listed["responses"]
        segment = plan.items.set_index("item_id")["segment"].reindex(plan.listed.index)
        price = catalogue["price"].reindex(plan.listed.index)
        of_plan = {
            "expected exposures": exposure.sum(),
            **{f"  of {name}": exposure[segment == name].sum() for name in SEGMENTS},
            "expected responses": responses.sum(),
            **{f"  to {name}": responses[segment == name].sum() for name in SEGMENTS},
            _OF_RESPONSES: (responses * price).sum(),
            _OF_BIDS: plan.bids,
            "expected value, which the plan maximises": plan.listed["value"].sum(),
            "items shown": len(plan.listed),
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


def _changed(moved: MovedEntries) -> str:
    users = f"{moved.shoppers} of {moved.of_shoppers}"
    return f"Places that hold another item: {amount(moved.entries)}; lists that differ: those of {users} shoppers"


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
