"""The page of one product: what the night's plan gives it, why or why not, its prices, its history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from features.contract import (
    CONSTRAINT_PRICES,
    EXPOSURE_ACCOUNT,
    EXPOSURE_SCORES,
    ITEM_EXPOSURE,
    ITEM_POTENTIAL,
)
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import Config
from jobs.config.plan import Plan
from jobs.desk.items import item_rows, of_night, price_in_words
from jobs.desk.stored_tables import StoredTables
from jobs.desk.why_not import why_not_planned, why_not_shown
from jobs.experiments.arms import plans_on
from jobs.planning.columns import named_columns
from jobs.planning.names import BUDGET, OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.planning.rules.groups import named_groups
from jobs.report.item_in_words import exposure_in_words, potential_in_words
from jobs.report.night_figures import TREND_DAYS
from jobs.report.page.numbers import NONE, amount, percent
from jobs.report.page.parts import Block, Plot, Section, Table, Tile, Tiles, Words
from jobs.report.page.plots import Line, line_plot
from jobs.report.plan_value import value_unit
from jobs.report.rules_in_words import group_in_words
from model.exposure.reasons import DISPLACED

_FACTS = ("item_id", "title", "category", "product_type", "brand", "segment", "is_eligible", "list_price",
          "price_mean_90d", "stock_on_hand", "is_stock_tracked", "purchases_count_7d", "purchases_count_28d",
          "demand_next_28d", "demand_low_28d", "demand_high_28d")  # fmt: skip
_MOST_REASONS = 8


def product_facts(tables: StoredTables, as_of: date, item: str) -> pd.Series | None:
    """The product's row of item_features of a night; None if the night did not know it."""
    rows = tables.frame(ITEM_FEATURES_TABLE, _FACTS, of_night(as_of) & (pc.field("item_id") == item))
    return None if rows.empty else rows.iloc[0]


def product_sections(
    tables: StoredTables, conf: Config, as_of: date, facts: pd.Series, *, named: bool
) -> list[Section]:
    """The sections of the page. facts: of `product_facts`; named: whether shoppers' ids may be shown"""
    item, sections = facts["item_id"], [_facts(conf, facts)]
    for arm, plan in plans_on(conf, as_of).items():
        title = f"In the lists of arm {arm}" if arm else "In tonight's lists"
        sections.append(_lists(tables, conf.with_plan(plan), as_of, item, title, named=named))
    sections.append(_prices(tables, conf, as_of, item))
    potential = _potential(tables, conf, as_of, item)
    sections += [potential] if potential else []
    return [*sections, _history(tables, conf, as_of, item)]


def _facts(conf: Config, facts: pd.Series) -> Section:
    source = ("item_features",)
    low, high = (
        amount(facts[name]) if pd.notna(facts[name]) else NONE for name in ("demand_low_28d", "demand_high_28d")
    )
    demand = facts["demand_next_28d"]
    tiles = [
        Tile("Segment", facts["segment"] or "none", _segment(conf, facts), (), source),
        _price(conf, facts),
        Tile("Sold in 28 days", amount(facts["purchases_count_28d"]),
             f"Purchase lines; {amount(facts['purchases_count_7d'])} of them in the last 7 days.", (), source),
    ]  # fmt: skip
    if pd.notna(demand):
        tiles.append(
            Tile("Expected to sell in 28 days", amount(demand), f"The forecast of demand, from {low} to {high}.", (),
                 source)
        )  # fmt: skip
    if facts["is_stock_tracked"]:
        tiles.append(Tile("Stock", amount(facts["stock_on_hand"]), "Units on hand.", (), source))
    lead = " · ".join(str(part) for part in (facts["category"], facts["product_type"], facts["brand"]) if part)
    return Section("facts", "What it is", lead, (Tiles(tuple(tiles)),))


def _segment(conf: Config, facts: pd.Series) -> str:
    if not facts["is_eligible"]:
        return "Not eligible: withdrawn, not listed yet, or out of stock."
    share = percent(conf.segments.head_share)
    return {
        "head": f"Among the fewest products with {share} of what shoppers bought.",
        "tail": "Sold, but outside the head.",
        "cold": "Listed, without a sale.",
    }.get(facts["segment"], "Not in the catalogue of this night.")


def _price(conf: Config, facts: pd.Series) -> Tile:
    words = price_in_words(facts["list_price"], facts["price_mean_90d"], conf.source.currency)
    paid = "Not listed, and not bought in 90 days." if words == NONE else "Not listed: the mean paid in 90 days."
    meaning = "As listed on this night." if facts["list_price"] > 0 else paid
    return Tile("Price", words, meaning, (), ("item_features",))


def _lists(tables: StoredTables, conf: Config, as_of: date, item: str, title: str, *, named: bool) -> Section:
    """Where the plan of `conf` shows the product and to how many, or why not."""
    plan = conf.plan
    of_item = of_night(as_of, plan.policy) & (pc.field("item_id") == item)
    planned = tables.frame(ITEM_EXPOSURE, ITEM_EXPOSURE.column_names, of_item)
    if planned.empty:
        why = f"Not in the plan: {why_not_planned(tables, plan, as_of, item)}."
        return Section("lists", title, "", (Words((why,), ("item_features",), mark="warn"),))
    row = planned.iloc[0]
    entries = tables.frame(EXPOSURE_SCORES, ("user_id", "rank", "reason", "propensity", "relevance"), of_item)
    said = exposure_in_words(row.to_dict(), conf)
    if entries.empty:
        sentences = why_not_shown(tables, conf, as_of, row, named=named)
        sources = ("item_exposure", "exposure_scores", "candidates", "relevance", "item_features")
        read = tuple(name for name in sources if name in tables.versions)
        blocks: tuple[Block, ...] = (
            Words((f"{said}.",), ("item_exposure",)),
            Words(tuple(sentences), read, "Why not"),
        )
        return Section("lists", title, "No list has it.", blocks)
    drawn = int((entries["propensity"] < 1.0).sum())
    tiles = (
        Tile("Lists with it", amount(len(entries)), f"{amount(drawn)} of them drawn it at random, to learn about it."
             if drawn else "None of them drew it at random.", (), ("exposure_scores",)),
        Tile("Planned exposures", amount(row["allocated"]), "How often shoppers are expected to look at it on one day.",
             (), ("item_exposure",)),
        Tile("Middle place", amount(float(entries["rank"].median())), f"The best is {entries['rank'].min()}, the last "
             f"{entries['rank'].max()}.", (), ("exposure_scores",)),
        Tile("Mean chance", percent(float(entries["relevance"].mean())), f"Of {conf.relevance.meaning}, over these "
             "shoppers.", (), ("exposure_scores",)),
    )  # fmt: skip
    reasons = entries["reason"].str.replace(DISPLACED, "", regex=True).value_counts()
    cells = tuple((str(reason), amount(count)) for reason, count in reasons.head(_MOST_REASONS).items())
    more = len(reasons) - _MOST_REASONS
    note = f"{more} further reasons." if more > 0 else ""
    table = Table("Why it is shown", ("reason", "lists"), cells, ("exposure_scores",), frozenset({"lists"}), note)
    lead = f"Placement {plan.placement}, policy {plan.policy}."
    return Section("lists", title, lead, (Tiles(tiles), Words((f"{said}.",), ("item_exposure",)), table))


def _prices(tables: StoredTables, conf: Config, as_of: date, item: str) -> Section:
    """What the rules on the product, and on its groups, ask and cost."""
    plan, unit = conf.plan, value_unit(conf)
    rows = tables.frame(CONSTRAINT_PRICES, CONSTRAINT_PRICES.column_names, of_night(as_of, plan.policy))
    groups = {(group.constraint, group.member) for group in _groups_of(tables, plan, as_of, item)}
    own = rows[(rows["member"] == item) & rows["constraint"].isin([*OF_ITEM_CAP, *OF_ITEM_FLOOR])]
    of_groups = rows[[key in groups for key in zip(rows["constraint"], rows["member"], strict=True)]]
    caps = {*plan.caps, BUDGET, *OF_ITEM_CAP}
    sentences = tuple(group_in_words(row, caps, unit) for part in (own, of_groups) for row in part.to_dict("records"))
    said = sentences or ("No floor, cap or budget of the plan binds it or a group of it.",)
    return Section("prices", "What its rules cost", "", (Words(said, ("constraint_prices",)),))


def _groups_of(tables: StoredTables, plan: Plan, as_of: date, item: str) -> Iterator[Any]:
    rows = item_rows(tables, plan, as_of, named_columns(plan), [item])
    return (group for group in named_groups(plan, rows, total=1.0) if len(group.group.members))


def _potential(tables: StoredTables, conf: Config, as_of: date, item: str) -> Section | None:
    """What it could bring; None where the night did not measure it."""
    of_item = of_night(as_of, conf.plan.scored_as) & (pc.field("item_id") == item)
    rows = tables.frame(ITEM_POTENTIAL, ITEM_POTENTIAL.column_names, of_item)
    if rows.empty:
        return None
    words = f"{potential_in_words(rows.iloc[0].to_dict(), conf.potential.shoppers)}."
    return Section("potential", "What it could bring", "", (Words((words,), ("item_potential",)),))


def _history(tables: StoredTables, conf: Config, as_of: date, item: str) -> Section:
    """Exposure, planned and delivered, and sales over the nights of the trend."""
    since = as_of - timedelta(days=TREND_DAYS)
    of_item = (pc.field("item_id") == item) & (pc.field("as_of") >= since) & (pc.field("as_of") <= as_of)
    of_policy = of_item & (pc.field("policy") == conf.plan.policy)
    planned = tables.frame(ITEM_EXPOSURE, ("as_of", "allocated"), of_policy)
    delivered = tables.frame(EXPOSURE_ACCOUNT, ("as_of", "delivered"), of_policy).dropna()
    sold = tables.frame(ITEM_FEATURES_TABLE, ("as_of", "purchases_count_7d"), of_item)
    title = "Exposures a night"
    account = tuple(name for name in ("item_exposure", "exposure_account") if name in tables.versions)
    lines = [
        Line("planned", _points(planned, "allocated"), "tail"),
        Line("delivered", _points(delivered, "delivered"), "other"),
    ]
    blocks: list[Block] = []
    if len(planned):
        blocks.append(Plot(title, line_plot(title, lines), account, _nights(len(planned))))
    title = "Sold in the 7 days before"
    if len(sold):
        plot = line_plot(title, [Line("sold", _points(sold, "purchases_count_7d"), "plain")])
        blocks.append(Plot(title, plot, ("item_features",), _nights(len(sold))))
    return Section("history", "Over the nights", f"At most {TREND_DAYS} days back.", tuple(blocks))


def _points(rows: pd.DataFrame, column: str) -> tuple[tuple[date, float], ...]:
    return tuple(sorted(zip(rows["as_of"], rows[column].astype(np.float64), strict=True)))


def _nights(count: int) -> str:
    return "One night so far." if count == 1 else f"{count} nights."
