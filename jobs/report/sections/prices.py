"""What the rules of the plan cost."""

from __future__ import annotations

import pandas as pd

from features.contract.metrics import ITEMS_NOT_LIFTED
from jobs.language.sentences import say
from jobs.planning.names import BUDGET, OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.report.night_figures import NightFigures
from jobs.report.page.numbers import amount
from jobs.report.page.parts import Block, Section, Table, Words
from jobs.report.plan_value import value_unit
from jobs.report.rules_in_words import group_in_words

MOST = 12
_SOURCES = ("constraint_prices",)


def prices(reading: NightFigures) -> Section:
    """What the rule of each group asks, gets and costs, and the products that a cap holds back."""
    rows = reading.prices
    unit = value_unit(reading.conf)
    groups = rows[~rows["constraint"].isin([*OF_ITEM_CAP, *OF_ITEM_FLOOR])]
    caps = set(reading.conf.plan.caps) | {BUDGET}
    blocks: list[Block] = []
    if len(groups):
        blocks.append(_sentences(groups, caps, unit))
        blocks.append(_group_table(groups, caps, unit))
    blocks.append(_item_caps(reading, rows, unit))
    missed = rows[rows["constraint"].isin(OF_ITEM_FLOOR) & (rows["shortfall"] > 0)]
    if len(missed):
        lack = amount(missed["shortfall"].sum())
        sentence = say(
            "{count} floors of single products lack {lack} exposures in all.", count=amount(len(missed)), lack=lack
        )
        blocks.append(Words((sentence,), _SOURCES, mark="warn"))
    not_lifted = reading.figure(ITEMS_NOT_LIFTED)
    if not_lifted is not None:
        sentence = say(
            "{count} eligible products have a word of plan.not_lifted in their texts; no floor, pin, bid or "
            "exploration lifts them.",
            count=amount(not_lifted),
        )
        blocks.append(Words((sentence,), ("metrics", "item_exposure")))
    lead = say(
        "Every rule on the exposure has a price: the {unit} that an exposure under it costs, because it is taken from "
        "the products that shoppers want most. A price of 0 is a rule that costs nothing tonight. What exploration is "
        "expected to draw counts towards the floor of a group.",
        unit=unit,
    )
    return Section("prices", say("What the rules cost"), lead, tuple(blocks))


def _sentences(groups: pd.DataFrame, caps: set[str], unit: str) -> Words:
    dearest = groups.assign(cost=groups["price"] * groups["bound"]).sort_values(
        ["shortfall", "cost"], ascending=False, kind="stable"
    )
    sentences = tuple(group_in_words(row, caps, unit) for row in dearest.head(MOST).to_dict("records"))
    more = (
        (say("{count} further rules are in constraint_prices.", count=len(dearest) - MOST),)
        if len(dearest) > MOST
        else ()
    )
    return Words(sentences + more, _SOURCES, title=say("In words"))


def _group_table(groups: pd.DataFrame, caps: set[str], unit: str) -> Table:
    dearest = groups.sort_values("price", ascending=False, kind="stable").head(MOST)
    cells = tuple(
        (
            str(row["constraint"]), say("at most") if row["constraint"] in caps else say("at least"),
            str(row["member"]),
            amount(row["bound"]), amount(row["used"]), amount(row["shortfall"]), amount(1000 * row["price"]),
        )
        for row in dearest.to_dict("records")
    )  # fmt: skip
    columns = (
        say("rule"), say("kind"), say("products"), say("asks for"), say("gets"), say("short by"),
        say("{unit} for 1,000 exposures", unit=unit),
    )  # fmt: skip
    return Table(say("Price list"), columns, cells, _SOURCES, frozenset(columns[3:]))


def _item_caps(reading: NightFigures, rows: pd.DataFrame, unit: str) -> Block:
    binding = rows[rows["constraint"].isin(OF_ITEM_CAP) & (rows["price"] > 0)].sort_values(
        ["price", "member"], ascending=[False, True]
    )
    if binding.empty:
        none = say("No product is held back by its own cap or its stock.")
        return Words((none,), _SOURCES, title=say("Products held back"))
    titles = reading.titles_of(list(binding["member"].head(MOST)))
    cells = tuple(
        (
            titles.get(row["member"], ""), row["member"],
            say("stock") if row["constraint"] == "stock" else say("share"),
            amount(row["bound"]), amount(row["used"]), amount(1000 * row["price"]),
        )
        for row in binding.head(MOST).to_dict("records")
    )  # fmt: skip
    columns = (
        say("product"), say("item"), say("held by its"), say("cap"), say("planned"),
        say("{unit} for 1,000 exposures more", unit=unit),
    )  # fmt: skip
    note = say("{count} products in all are held back.", count=amount(len(binding))) if len(binding) > MOST else ""
    return Table(
        say("Products held back"), columns, cells, ("constraint_prices", "item_features"), frozenset(columns[3:]), note
    )
