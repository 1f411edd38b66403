"""Columns that a plan may name: of item_features, item_potential, stock_suggestions or items, or attributes.KEY."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, NumericType, StringType

from features.contract import ITEM_EXPOSURE, ITEM_POTENTIAL, ITEMS, STOCK_SUGGESTIONS
from features.declarations import ITEM_FEATURES_TABLE
from features.point_in_time import versions_at
from jobs.config.plan import NOT_LIFTED_BY, Plan
from jobs.config.potential import MEASURED
from jobs.config.suggestions import SUGGESTED
from jobs.runtime.errors import ConfigurationError
from jobs.tables.warehouse import Warehouse

ATTRIBUTE = "attributes."
Kind = Literal["text", "number"]

_FEATURES: dict[str, DataType] = {column.name: column.type for column in ITEM_FEATURES_TABLE.columns}
_POTENTIAL: dict[str, DataType] = {
    column.name: column.type for column in ITEM_POTENTIAL.columns if column.name in MEASURED
}
_STOCK: dict[str, DataType] = {
    column.name: column.type for column in STOCK_SUGGESTIONS.columns if column.name in SUGGESTED
}
_ITEMS: dict[str, DataType] = {
    column.name: column.type for column in ITEMS.columns if isinstance(column.type, NumericType | StringType)
}
KNOWN = tuple(sorted({*_FEATURES, *_POTENTIAL, *_STOCK, *_ITEMS}))  # in addition to attributes.KEY
ALWAYS = ("item_id", "title", "segment", "product_type", "category", "provider_id", "days_since_listed")
UNITS_AND_LINES = ("units_sum_28d", "purchases_count_28d")  # they say how many units a purchase line takes


def check_column(key: str, column: str, kind: Kind) -> None:
    """Raises ConfigurationError naming the key when there is no such column or it is of another kind."""
    if column.startswith(ATTRIBUTE):
        data_type: DataType | None = StringType()
    else:
        data_type = _FEATURES.get(column) or _POTENTIAL.get(column) or _STOCK.get(column) or _ITEMS.get(column)
    if data_type is None:
        raise ConfigurationError(
            f"{key}: none of item_features, item_potential, stock_suggestions and items has a column {column}.",
            f"Their columns are {', '.join(KNOWN)}, and {ATTRIBUTE}KEY for any key of attributes.",
        )
    if kind == "text" and not isinstance(data_type, StringType):
        raise ConfigurationError(f"{key}: {column} is not a text.", "Use at_least, at_most or buckets.")
    if kind == "number" and not isinstance(data_type, NumericType):
        raise ConfigurationError(f"{key}: {column} is not a number.", "Use equals, one_of or each.")


def named_columns(plan: Plan) -> tuple[str, ...]:
    """The columns that a plan names, without repetition, those that every plan needs first."""
    for_stock = UNITS_AND_LINES if plan.stock.column is not None else ()
    by_words = (NOT_LIFTED_BY,) if plan.not_lifted.words else ()
    return tuple(dict.fromkeys([*ALWAYS, *plan.columns, *for_stock, *by_words]))


def names_potential(plan: Plan) -> bool:
    """Whether the plan names a column of item_potential."""
    return not MEASURED.isdisjoint(plan.columns)


def names_stock(plan: Plan) -> bool:
    """Whether the plan names a column of stock_suggestions."""
    return not SUGGESTED.isdisjoint(plan.columns)


@dataclass(frozen=True)
class ByTable:
    """The columns that a plan names, by the table that has them."""

    features: tuple[str, ...]
    potential: tuple[str, ...]
    stock: tuple[str, ...]
    items: tuple[str, ...]


def by_table(columns: tuple[str, ...]) -> ByTable:
    """The columns of each table among those that a plan names."""
    tables = (_FEATURES, _POTENTIAL, _STOCK)
    features, potential, stock = (tuple(name for name in columns if name in table) for table in tables)
    elsewhere = {*_FEATURES, *_POTENTIAL, *_STOCK, NOT_LIFTED_BY}
    return ByTable(features, potential, stock, tuple(name for name in columns if name not in elsewhere))


def item_rows_of(tables: Warehouse, as_of: date, columns: tuple[str, ...], plan: Plan) -> DataFrame:
    """The columns and is_eligible of every item of item_features of a night; numbers as double.

    Columns of item_potential come from the policy whose relevance is planned, NOT_LIFTED_BY from item_exposure of the
    plan's policy. They and those of stock_suggestions are NULL where the night has no row of the item, as in nights
    before the table existed.
    """
    of = by_table(columns)
    rows = tables.read_date(ITEM_FEATURES_TABLE, as_of).select(
        *(_typed(F.col(name), _FEATURES[name]).alias(name) for name in of.features), "is_eligible"
    )
    if of.potential:
        measured = tables.read_or_empty(ITEM_POTENTIAL).where(
            (F.col("as_of") == F.lit(as_of)) & (F.col("policy") == plan.scored_as)
        )
        measured = measured.select(
            "item_id", *(_typed(F.col(name), _POTENTIAL[name]).alias(name) for name in of.potential)
        )
        rows = rows.join(measured, on="item_id", how="left")
    if of.stock:
        judged = tables.read_or_empty(STOCK_SUGGESTIONS).where(F.col("as_of") == F.lit(as_of))
        judged = judged.select("item_id", *(_typed(F.col(name), _STOCK[name]).alias(name) for name in of.stock))
        rows = rows.join(judged, on="item_id", how="left")
    if of.items:
        at_date = versions_at(tables.read(ITEMS), [as_of], "item_id")
        rows = rows.join(at_date.select("item_id", *map(_of_items, of.items)), on="item_id", how="left")
    if NOT_LIFTED_BY in columns:
        planned = tables.read_or_empty(ITEM_EXPOSURE).where(
            (F.col("as_of") == F.lit(as_of)) & (F.col("policy") == plan.policy)
        )
        rows = rows.join(planned.select("item_id", NOT_LIFTED_BY), on="item_id", how="left")
    return rows


def _of_items(name: str) -> Column:
    if name.startswith(ATTRIBUTE):
        return F.col("attributes").getItem(name.removeprefix(ATTRIBUTE)).alias(name)
    return _typed(F.col(name), _ITEMS[name]).alias(name)


def _typed(column: Column, kind: DataType) -> Column:
    return column.cast("double") if isinstance(kind, NumericType) else column
