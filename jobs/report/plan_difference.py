"""Two plans of one night compared: exposure, responses, revenue, prices, and which items gain and lose."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from features.contract.segments import SEGMENTS
from jobs.planning.names import OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.report.page.numbers import amount, change, money, signed
from jobs.report.page.parts import Direction

_NAME, _WIDTH = 42, 16  # characters of a row's name and of its figures
RESPONSES = "expected responses"
REVENUE, BIDS = "expected revenue of responses", "expected revenue of bids"
_MONEY = (REVENUE, BIDS)


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


@dataclass(frozen=True)
class Figure:
    """A sum over each plan, as texts. change: relative to the live plan, '' where that has nothing"""

    name: str
    live: str
    other: str
    difference: str
    change: str
    direction: Direction


@dataclass(frozen=True)
class RuleCost:
    """The value that 1,000 more exposures cost by a rule, and what its group gets, in each plan."""

    rule: str
    live: str
    other: str


@dataclass(frozen=True)
class MovedItem:
    """An item and its planned exposures in each plan."""

    item_id: str
    title: str
    live: str
    other: str


@dataclass(frozen=True)
class PlanDifference:
    """A what-if as texts that are ready to be shown.

    heading: which night, which changes; gains, losses: items, the largest move first; unmet: floors that cannot be
    met; unmatched: names of rules that match no item
    """

    figures: tuple[Figure, ...]
    moved: str
    rules: tuple[RuleCost, ...]
    gains: tuple[MovedItem, ...]
    losses: tuple[MovedItem, ...]
    heading: str = ""
    unmet: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()

    def as_json(self) -> str:
        """One line of JSON, for `difference_of_json`."""
        return json.dumps(asdict(self), ensure_ascii=False)


def difference_of_json(text: str) -> PlanDifference:
    """The difference that `as_json` wrote. Raises ValueError, TypeError or KeyError if the text is another."""
    content = json.loads(text)
    rows = {name: tuple(kind(**row) for row in content[name]) for name, kind in _ROWS.items()}
    return PlanDifference(**{**content, **rows, **{name: tuple(content[name]) for name in ("unmet", "unmatched")}})


def plan_difference(
    live: PlanTables, other: PlanTables, moved: MovedEntries, catalogue: pd.DataFrame, currency: str, most: int = 5
) -> PlanDifference:
    """What the other plan changes.

    catalogue: item_id (index), title, price: what a response brings, NaN where unknown; most: items of each ranking
    """
    in_money = partial(money, currency=currency)
    figures = (
        _figure(name, *values, in_money if name in _MONEY else amount)
        for name, values in _figures(live, other, catalogue).items()
    )
    gains = _gains(live.items, other.items)

    def most_moved(losses: pd.Series) -> tuple[MovedItem, ...]:
        order = losses.sort_values(kind="stable")
        return tuple(_item(item, live.items, other.items, catalogue) for item in order.index[:most] if order[item] < 0)

    rules = tuple(_prices(live.prices, other.prices))
    return PlanDifference(tuple(figures), _changed(moved), rules, most_moved(-gains), most_moved(gains))


def difference_in_words(difference: PlanDifference) -> str:
    """The text of a what-if."""
    lines = [difference.heading, ""] if difference.heading else []
    lines.append(f"{'':<{_NAME}}{'live':>{_WIDTH}}{'what if':>{_WIDTH}}{'difference':>{_WIDTH}}")
    for figure in difference.figures:
        columns = f"{figure.live:>{_WIDTH}}{figure.other:>{_WIDTH}}{figure.difference:>{_WIDTH}}"
        lines.append(f"{figure.name:<{_NAME}}{columns}{f'  ({figure.change})' if figure.change else ''}")
    lines += ["", difference.moved, "", "Rules: the value that 1,000 more exposures cost, and what groups get"]
    lines += [f"  {cost.rule}: {cost.live} -> {cost.other}" for cost in difference.rules] or ["  none"]
    for title, items in (("gain", difference.gains), ("lose", difference.losses)):
        lines += ["", f"Items that {title} most exposure"]
        lines += [f"  {row.item_id:<12} {row.live:>9} -> {row.other:>9}  {row.title}" for row in items] or ["  none"]
    for title, rest in (
        ("Floors that cannot be met", difference.unmet),
        ("Names that match no item", difference.unmatched),
    ):
        lines += ["", title, *(f"  {line}" for line in rest)] if rest else []
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
            RESPONSES: responses.sum(),
            **{f"  to {name}": responses[segment == name].sum() for name in SEGMENTS},
            REVENUE: (responses * price).sum(),
            BIDS: plan.bids,
            "expected value, which the plan maximises": plan.listed["value"].sum(),
            "items shown": len(plan.listed),
        }
        for name, value in of_plan.items():
            figures.setdefault(name, []).append(float(value))
    return {name: (values[0], values[1]) for name, values in figures.items() if any(values)}


def _figure(name: str, live: float, other: float, words: Callable[[float], str]) -> Figure:
    moved = change(other, live, "live")
    differs = words(live) != words(other)
    difference = signed(other - live, words) if differs else words(0.0)
    text = "hardly changed" if differs and moved.direction == "same" else moved.text
    return Figure(name, words(live), words(other), difference, text if live else "", moved.direction)


def _changed(moved: MovedEntries) -> str:
    users = f"{moved.shoppers} of {moved.of_shoppers}"
    return f"Places that hold another item: {amount(moved.entries)}; lists that differ: those of {users} shoppers"


def _prices(live: pd.DataFrame, other: pd.DataFrame) -> Iterator[RuleCost]:
    of_items = (*OF_ITEM_CAP, *OF_ITEM_FLOOR)
    keys = ["constraint", "member"]
    both = live[~live["constraint"].isin(of_items)].merge(
        other[~other["constraint"].isin(of_items)], on=keys, how="outer", suffixes=("_live", "_other")
    )
    for row in both.sort_values(keys).to_dict("records"):
        before, after = (_bound(row, suffix) for suffix in ("_live", "_other"))
        yield RuleCost(f"{row['constraint']} ({row['member']})", before, after)
    for kind in of_items:
        counts = [int(((table["constraint"] == kind) & (table["price"] > 0)).sum()) for table in (live, other)]
        if any(counts):
            yield RuleCost(f"items held by {kind}", str(counts[0]), str(counts[1]))


def _bound(row: dict[Hashable, Any], suffix: str) -> str:
    if np.isnan(row[f"price{suffix}"]):
        return "no rule"
    price, bound, used, shortfall = (float(row[f"{name}{suffix}"]) for name in ("price", "bound", "used", "shortfall"))
    short = f", {amount(shortfall)} short" if shortfall > 0 else ""
    return f"{amount(1000 * price)} (bound {amount(bound)}, gets {amount(used)}{short})"


def _gains(live: pd.DataFrame, other: pd.DataFrame) -> pd.Series:
    before, after = (plan.set_index("item_id")["allocated"] for plan in (live, other))
    return after.sub(before, fill_value=0.0)


def _item(item: str, live: pd.DataFrame, other: pd.DataFrame, catalogue: pd.DataFrame) -> MovedItem:
    before, after = (amount(float(plan.set_index("item_id")["allocated"].get(item, 0.0))) for plan in (live, other))
    return MovedItem(item, str(catalogue["title"].get(item, "")), before, after)


_ROWS: dict[str, Callable[..., Any]] = {
    "figures": Figure, "rules": RuleCost, "gains": MovedItem, "losses": MovedItem,
}  # fmt: skip
