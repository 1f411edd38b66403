"""The page of suggestions: changes of prices by category, items to reorder, and overstock."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from features.contract import PRICE_SUGGESTIONS, STOCK_SUGGESTIONS
from features.contract.stock_suggestions import ENOUGH, OVERSTOCK, REORDER, STATES, UNKNOWN
from jobs.config.configuration import Config
from jobs.desk.items import of_night, titles_of
from jobs.desk.stored_tables import StoredTables
from jobs.report.page.numbers import NONE, amount, money, percent, signed
from jobs.report.page.parts import Block, Section, Table, Term, Tile, Tiles, Words
from model.pricing.suggestion import CANNOT_TELL, KEEP

_WHY_NOT = {
    "few_items": "too few items or weeks, or one item decides",
    "prices_hardly_moved": "prices hardly moved apart from season and promotions",
    "no_estimate": "its sales fit no elasticity",
}
_OF_STATE = {
    REORDER: ("To reorder", "At or below their reorder point."),
    ENOUGH: ("Enough", "Between reorder point and overstock."),
    OVERSTOCK: ("Overstock", "The stock lasts longer than suggestions.overstock_days, if demand is high."),
    UNKNOWN: ("Unknown", "No demand is forecast."),
}


def suggestion_sections(tables: StoredTables, conf: Config, as_of: date) -> list[Section]:
    """The section of prices and that of stock, each with what to set where the night has none."""
    prices = tables.frame(PRICE_SUGGESTIONS, PRICE_SUGGESTIONS.column_names, of_night(as_of))
    stock = tables.frame(STOCK_SUGGESTIONS, STOCK_SUGGESTIONS.column_names, of_night(as_of))
    return [_prices(prices, conf.desk.rows), _stock(tables, stock, as_of, conf.desk.rows)]


def _missing(slug: str, title: str, key: str) -> Section:
    words = f"This night has no suggestions. Set {key} in the configuration to get them."
    return Section(slug, title, "", (Words((words,), (), mark="warn"),))


def _prices(rows: pd.DataFrame, most: int) -> Section:
    if rows.empty:
        return _missing("prices", "Prices", "suggestions.price_weeks")
    source, is_known = ("price_suggestions",), rows["verdict"] != CANNOT_TELL
    changed = rows[is_known & (rows["verdict"] != KEEP)].sort_values("weekly_gain", ascending=False)
    to_keep = rows[rows["verdict"] == KEEP].sort_values("weekly_amount", ascending=False)
    unknown = rows[~is_known].sort_values(["weekly_amount", "category"], ascending=[False, True])
    lead = (
        "Nothing is applied. An elasticity is that of one item while others keep their prices; if a complete category "
        "changes, shoppers respond less. Intervals are of 90 %, if demand follows the model: a price that follows its "
        "own item's sales, such as a clearance, misleads it."
    )
    blocks: list[Block] = [
        Tiles((
            Tile("Categories to change", amount(len(changed)), "Their gain is positive with 95 %.", (), source),
            Tile("To keep", amount(len(to_keep)), "No change within the prices tried is sure to gain.", (), source),
            Tile("No estimate", amount(len(unknown)), "Their sales do not show how prices matter.", (), source),
        )),
        *([_changes("Changes", changed, most)] if len(changed) else []),
        *([_changes("Keep", to_keep, most)] if len(to_keep) else []),
        *([_without(unknown, most)] if len(unknown) else []),
    ]  # fmt: skip
    return Section("prices", "Prices", lead, tuple(blocks))


def _changes(title: str, rows: pd.DataFrame, most: int) -> Table:
    columns = (
        "category", Term("elasticity", "Percent by which units change if a price rises by 1 %."),
        Term("change", "Of the prices, with the range in which the best change lies."),
        Term("gain a week", "Of margin or revenue by this change, for the items compared."), "of",
        Term("evidence", "Items compared, those whose price moved, and how far prices moved apart from season and "
             "promotions."),
    )  # fmt: skip
    cells = tuple(_cells(row) for row in rows.head(most).to_dict("records"))
    return Table(
        title,
        columns,
        cells,
        ("price_suggestions",),
        frozenset({"elasticity", "change", "gain a week"}),
        _more(rows, most),
    )


def _cells(row: dict[Any, Any]) -> tuple[str, ...]:
    elasticity = f"{row['elasticity']:.2f} ({row['elasticity_low']:.2f} to {row['elasticity_high']:.2f})"
    low, high = (signed(row[name], percent) for name in ("change_low", "change_high"))
    least, best = (signed(row[name], money) for name in ("weekly_gain_low", "weekly_gain_high"))
    moved = f"{row['moved_items_count']} of {row['items_count']} items, prices {percent(row['price_spread'])} apart"
    return (
        row["category"], elasticity, f"{signed(row['change'], percent)} ({low} to {high})",
        f"{signed(row['weekly_gain'], money)} ({least} to {best}) {row['currency']}",
        f"{money(row['weekly_amount'], row['currency'])} {row['objective']}", moved,
    )  # fmt: skip


def _without(rows: pd.DataFrame, most: int) -> Table:
    cells = tuple(
        (row["category"], _WHY_NOT[row["why_not"]], f"{row['moved_items_count']} of {row['items_count']}")
        for row in rows.head(most).to_dict("records")
    )
    columns = ("category", "why", "items whose price moved")
    return Table("No estimate", columns, cells, ("price_suggestions",), frozenset(columns[2:]), _more(rows, most))


def _stock(tables: StoredTables, rows: pd.DataFrame, as_of: date, most: int) -> Section:
    if rows.empty:
        return _missing("stock", "Stock", "suggestions.lead_days")
    counts = rows["stock_state"].value_counts()
    tiles = (Tile(_OF_STATE[state][0], amount(counts.get(state, 0)), _OF_STATE[state][1], (), ("stock_suggestions",))
             for state in STATES)  # fmt: skip
    first = rows.iloc[0]
    lead = (
        f"Nothing is ordered. A reorder point covers {first['lead_days']} days with a probability of "
        f"{percent(first['service_level'])}. A floor of the plan can name overstock_segment: tail."
    )
    short = rows[rows["stock_state"] == REORDER].sort_values(["units_28d", "item_id"], ascending=[False, True])
    long = rows[rows["stock_state"] == OVERSTOCK].sort_values(["overstock_units", "item_id"], ascending=[False, True])
    titles = titles_of(tables, as_of, [*short["item_id"].head(most), *long["item_id"].head(most)])
    blocks = [Tiles(tuple(tiles))]
    tables_of = [_items(title, part, titles, most) for title, part in (("To reorder", short), ("Overstock", long))
                 if len(part)]  # fmt: skip
    return Section("stock", "Stock", lead, (*blocks, *tables_of))


def _items(title: str, rows: pd.DataFrame, titles: dict[str, str], most: int) -> Table:
    columns = (
        "product", "item", "stock", Term("reorder point", "Units at or below which to reorder."),
        Term("days of cover", "How long the stock lasts, with its range by the 80 % interval of the demand."),
        Term("sells in 28 days", "Units expected, with their 80 % interval."),
        Term("overstock", "Units beyond what a high demand takes in suggestions.overstock_days."),
    )  # fmt: skip
    cells = tuple(
        (
            titles.get(row["item_id"], row["item_id"]), row["item_id"], amount(row["stock_on_hand"]),
            _or_none(row["reorder_point"]), _between(row, "days_of_cover", "days_of_cover_low", "days_of_cover_high"),
            _between(row, "units_28d", "units_low_28d", "units_high_28d"), amount(row["overstock_units"]),
        )
        for row in rows.head(most).to_dict("records")
    )  # fmt: skip
    return Table(
        title, columns, cells, ("stock_suggestions", "item_features"), frozenset(columns[2:]), _more(rows, most)
    )


def _between(row: dict[Any, Any], middle: str, low: str, high: str) -> str:
    return f"{_or_none(row[middle])} ({_or_none(row[low])} to {_or_none(row[high])})"


def _or_none(value: float) -> str:
    return NONE if pd.isna(value) else amount(value)


def _more(rows: pd.DataFrame, most: int) -> str:
    return f"The first {most} of {len(rows):,}; all are in the file." if len(rows) > most else ""
