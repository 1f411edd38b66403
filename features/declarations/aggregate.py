"""Aggregates over windows of the daily partials: what a declaration may name, and the expression that computes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType, LongType, NumericType

from features.contract import DAILY_ITEM, DAILY_PAIR, DAILY_USER
from features.contract.money import MINOR_UNITS
from features.contract.table import Table
from features.derived.days import first_within, total, within

Expression = Callable[[], Column]
Aggregation = Literal["count", "sum", "days", "mean", "share", "distinct"]

PARTIALS: dict[str, Table] = {table.name: table for table in (DAILY_ITEM, DAILY_USER, DAILY_PAIR)}
_RATIOS = ("mean", "share")


def counted_column(table: Table, event: str) -> str | None:
    """The column of a daily partial that is above 0 where such an event happened: the first that the event has."""
    return next((column.name for column in table.columns if column.event == event), None)


@dataclass(frozen=True)
class Aggregate:
    """An aggregate of the events of one type, over any window of a daily partial.

    table: name of the daily partial
    aggregation: count or sum of `source`; mean or share, its sum over the sum of the columns `per`; days, the number of
        rows with `source` above 0; distinct, the number of different members of the key `source` with such an event
    event: type of the events; `source` and `per` are computed from it, as the contract of the table says
    """

    table: str
    aggregation: Aggregation
    source: str
    event: str
    per: tuple[str, ...] = ()

    def problem(self, entity_key: str, days: int | None) -> str | None:
        """What the computation would ignore or cannot do, with the remedy; None for a sound aggregate."""
        if self.table not in PARTIALS:
            return f"sums up {self.table}, which is not a daily partial. Name one of {', '.join(PARTIALS)}."
        if bool(self.per) != (self.aggregation in _RATIOS):
            return f"{'lacks' if not self.per else 'ignores'} `per`: only {' and '.join(_RATIOS)} have a denominator."
        if self.counted is None:
            return f"counts {self.event}, of which {self.table} has no column. Add one to its contract."
        if self.aggregation == "distinct":
            return self._problem_of_distinct(entity_key, days)
        return self._problem_of_columns()

    def _problem_of_columns(self) -> str | None:
        for name in (self.source, *self.per):
            column = PARTIALS[self.table].column(name)
            if column is None or not isinstance(column.type, NumericType):
                return f"sums up {name}, of which {self.table} has no number. Name one of its columns, or add one."
            if column.event != self.event:
                return f"counts {self.event}, but {self.table}.{name} is of {column.event}. Name a column of the event."
        return None

    def _problem_of_distinct(self, entity_key: str, days: int | None) -> str | None:
        members = [name for name in PARTIALS[self.table].key if name not in ("day", entity_key)]
        if self.source not in members:
            return (
                f"counts different {self.source}. Name a further key of {self.table}: {', '.join(members) or 'none'}."
            )
        if days is None:
            return "counts different members of a whole life. Name a window in days, or sum a column of new members."
        return None

    @property
    def counted(self) -> str | None:
        """The column that is above 0 where such an event happened."""
        return counted_column(PARTIALS[self.table], self.event)

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns that it is computed from."""
        counted = (self.counted,) if self.aggregation == "distinct" and self.counted is not None else ()
        return (self.source, *self.per, *counted)

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole number: sums of weights and ratios are not."""
        column = PARTIALS[self.table].column(self.source)
        if self.aggregation == "count":
            return column is not None and isinstance(column.type, LongType)
        return self.aggregation in ("days", "distinct")

    def over(self, days: int | None) -> Expression:
        """The aggregate over the last `days` days of dated rows; of a whole life for None."""
        match self.aggregation:
            case "days":
                return lambda: F.count_if(within(days, F.col(self.source) > 0))
            case "distinct":
                return lambda: self._distinct(days)
            case "mean" | "share":
                # Both sums are exact; only their ratio is a floating-point number.
                return lambda: F.try_divide(self._sum(days, self.source), self._sum(days, *self.per).cast("double"))
            case _:
                return lambda: self._sum(days, self.source)

    def _distinct(self, days: int | None) -> Column:
        if self.event == "purchase" and days is not None:
            # The partial holds each pair's earlier purchase days, which saves the shuffle of a distinct count.
            return F.count_if(first_within(days))
        return F.count_distinct(within(days, F.when(F.col(str(self.counted)) > 0, F.col(self.source))))

    def _sum(self, days: int | None, *columns: str) -> Column:
        column = PARTIALS[self.table].column(columns[0])
        is_money = column is not None and isinstance(column.type, DecimalType)
        value = total(days, *columns)
        return value / F.lit(float(MINOR_UNITS)) if is_money else value
