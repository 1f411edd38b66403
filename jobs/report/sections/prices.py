"""The price list of the constraints, in words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from pyspark.sql import functions as F

from jobs.planning.names import BUDGET, OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import amount
from jobs.report.page.parts import Block, Section, Table, Words

MOST = 12
_SOURCES = ("constraint_prices",)
Row = Mapping[Hashable, Any]


def prices(reading: Reading) -> Section:
    """What one more exposure for each group costs, what its rule asked and got, and the caps that hold items back."""
    rows = reading.prices
    unit = _unit(reading)
    groups = rows[~rows["constraint"].isin([*OF_ITEM_CAP, *OF_ITEM_FLOOR])]
    caps = set(reading.conf.plan.caps) | {BUDGET}
    blocks: list[Block] = []
    if len(groups):
        blocks.append(_sentences(groups, caps, unit))
        blocks.append(_group_table(groups, caps, unit))
    blocks.append(_item_caps(reading, rows, unit))
    missed = rows[rows["constraint"].isin(OF_ITEM_FLOOR) & (rows["shortfall"] > 0)]
    if len(missed):
        told = (
            f"{amount(len(missed))} floors of single products are short by {amount(missed['shortfall'].sum())} in all."
        )
        blocks.append(Words((told,), _SOURCES, mark="warn"))
    lead = (
        f"Every rule on the exposure has a price: the {unit} that one more exposure under it costs, as that exposure "
        "is taken from the products that shoppers want most. A price of 0 is a rule that costs nothing tonight."
    )
    return Section("prices", "What the rules cost", lead, tuple(blocks))


def _unit(reading: Reading) -> str:
    worth = reading.conf.plan.worth
    plain = worth.margin_weight == 0 and worth.bid_weight == 0
    return f"{reading.conf.relevance.target}s" if plain else "units of value"


def _sentences(groups: pd.DataFrame, caps: set[str], unit: str) -> Words:
    order = groups.assign(cost=groups["price"] * groups["bound"]).sort_values(
        ["shortfall", "cost"], ascending=False, kind="stable"
    )
    told = tuple(group_in_words(row, caps, unit) for row in order.head(MOST).to_dict("records"))
    more = (f"{len(order) - MOST} further rules are in constraint_prices.",) if len(order) > MOST else ()
    return Words(told + more, _SOURCES, title="In words")


def group_in_words(row: Row, caps: set[str], unit: str) -> str:
    """A sentence about one group; row: a row of constraint_prices, caps: names of constraints that are caps."""
    name, price = f"{row['constraint']} ({row['member']})", float(row["price"])
    asked, got, short = (amount(float(row[key])) for key in ("bound", "used", "shortfall"))
    if row["constraint"] in caps:
        if price == 0:
            return f"{name} stays below its cap of {asked} exposures by itself, with {got}; the cap costs nothing."
        told = f"One exposure more for {name} would bring {amount(price)} {unit}"
        return f"{told}; its cap is {asked} exposures, it has {got}."
    if row["shortfall"] > 0:
        return f"{name} lacks {short} of the {asked} exposures asked for; one more would cost {amount(price)} {unit}."
    if price == 0:
        return f"{name} gets {got} exposures by itself, where {asked} are asked for; the floor costs nothing."
    whole = amount(price * float(row["bound"]))
    return (
        f"One more exposure for {name} costs {amount(price)} {unit}: the floor asks for {asked} exposures, it gets "
        f"{got}. At that price the whole floor costs at most {whole} {unit}."
    )


def _group_table(groups: pd.DataFrame, caps: set[str], unit: str) -> Table:
    order = groups.sort_values("price", ascending=False, kind="stable").head(MOST)
    cells = tuple(
        (
            str(row["constraint"]), "at most" if row["constraint"] in caps else "at least", str(row["member"]),
            amount(row["bound"]), amount(row["used"]), amount(row["shortfall"]), amount(1000 * row["price"]),
        )
        for row in order.to_dict("records")
    )  # fmt: skip
    columns = ("rule", "kind", "products", "asked", "got", "short by", f"{unit} for 1,000 exposures")
    return Table("Price list", columns, cells, _SOURCES, frozenset(columns[3:]))


def _item_caps(reading: Reading, rows: pd.DataFrame, unit: str) -> Block:
    bound = rows[rows["constraint"].isin(OF_ITEM_CAP) & (rows["price"] > 0)].sort_values(
        ["price", "member"], ascending=[False, True]
    )
    if bound.empty:
        return Words(("No product is held back by its own cap or its stock.",), _SOURCES, title="Products held back")
    named = reading.catalogue.where(F.col("item_id").isin(list(bound["member"].head(MOST))))
    titles = dict(named.select("item_id", "title").toPandas().itertuples(index=False, name=None))
    cells = tuple(
        (
            titles.get(row["member"], ""), row["member"], "stock" if row["constraint"] == "stock" else "share",
            amount(row["bound"]), amount(row["used"]), amount(1000 * row["price"]),
        )
        for row in bound.head(MOST).to_dict("records")
    )  # fmt: skip
    columns = ("product", "item", "held by its", "cap", "planned", f"{unit} for 1,000 exposures more")
    note = f"{amount(len(bound))} products in all are held back." if len(bound) > MOST else ""
    return Table(
        "Products held back", columns, cells, ("constraint_prices", "item_features"), frozenset(columns[3:]), note
    )
