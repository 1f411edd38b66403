"""Declaration of a table of the warehouse: columns, key, partitions and the conditions that every row meets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyspark.sql.types import (
    DataType,
    DateType,
    NumericType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

_WHOSE = ("user_id", "visitor_id")
# Columns that hold or may hold the identifier of a shopper or a visitor, or words that a shopper wrote.
PERSONAL = (
    *_WHOSE,
    "search_id",
    "event_id",
    "row_id",
    "payload",
    "query",
    "text",
    "reason",
    "user_hash",
)


@dataclass(frozen=True)
class Column:
    """A column with its Spark type and its meaning; `nullable` marks an optional one.

    default: value of the rows that were written before the contract had the column; None if the table has to be rebuilt
    event: type of the events that a column of a daily partial counts or sums up
    of: column of these events that it is computed from; None for their number
    """

    name: str
    type: DataType
    meaning: str
    nullable: bool = False
    default: Any = None
    event: str | None = None
    of: str | None = None


@dataclass(frozen=True)
class Invariant:
    """An SQL condition that is true for every row; NULL counts as true, so that optional columns stay optional.

    violation: name of what is wrong with a row for which it is false, such as quantity_negative
    column: the column that the condition is about, if it is about a single one. If a row can go without its value (see
        `Table.dispensable`), ingest takes `otherwise` for it instead of rejecting the row
    otherwise: an SQL expression
    """

    violation: str
    holds: str
    column: str | None = None
    otherwise: str = "NULL"


FIRST_YEAR, LAST_YEAR = 2000, 2099  # other times are those of clocks that were never set, or mistyped


def readable(*columns: str, longest: int) -> tuple[Invariant, ...]:
    """Rules for texts: valid UTF-8 without the decoder's replacement character, and at most `longest` characters."""
    return tuple(
        rule
        for name in columns
        for rule in (
            Invariant(f"{name}_bad_utf8", f"is_valid_utf8({name}) AND NOT contains({name}, '\ufffd')", name),
            Invariant(f"{name}_too_long", f"length({name}) <= {longest}", name),
        )
    )


def plausible_time(*columns: str) -> tuple[Invariant, ...]:
    """Rules for times: a clock that was never set shows 1970, a typo the year 20177."""
    return tuple(
        Invariant(
            f"{name}_absurd",
            f"{name} >= TIMESTAMP'{FIRST_YEAR}-01-01 00:00:00' AND {name} < TIMESTAMP'{LAST_YEAR + 1}-01-01 00:00:00'",
        )
        for name in columns
    )


# A row without a shopper is of a visitor; the violation has the name of a missing required column.
SHOPPER_OR_VISITOR = Invariant(
    "user_id_missing", "trim(user_id) <> '' AND trim(coalesce(user_id, visitor_id, '')) <> ''"
)


@dataclass(frozen=True)
class Table:
    """A Delta table: the only declaration of its StructType, key, partitions and invariants.

    skipped_by: columns by whose least and greatest value readers skip files; None for all that are ordered and not
    personal. Collecting these values for all columns of a large table takes as long as writing it, and they stay in
    Delta's log, where nothing can be erased.
    log_days: how long entries of Delta's log stay; short for a table with a commit every few seconds, since readers and
    writers list the log
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partitioned_by: tuple[str, ...] = ()
    invariants: tuple[Invariant, ...] = ()
    skipped_by: tuple[str, ...] | None = None
    log_days: int = 400

    @property
    def schema(self) -> StructType:
        """The columns in order, with nullability and the meaning as the column's comment."""
        return StructType([StructField(c.name, c.type, c.nullable, {"comment": c.meaning}) for c in self.columns])

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def with_statistics(self) -> tuple[str, ...]:
        """The columns whose least and greatest value Delta collects for each file."""
        if self.skipped_by is not None:
            return self.skipped_by
        ordered = (NumericType, DateType, TimestampType, StringType)
        return tuple(
            column.name
            for column in self.columns
            if isinstance(column.type, ordered) and column.name not in (*PERSONAL, *self.partitioned_by)
        )

    @property
    def dispensable(self) -> list[str]:
        """Optional columns whose value a row can go without: all but those that say whose row it is."""
        return [column.name for column in self.columns if column.nullable and column.name not in _WHOSE]

    @property
    def required(self) -> list[str]:
        return [column.name for column in self.columns if not column.nullable]

    def column(self, name: str) -> Column | None:
        """The column of this name, if the table has it."""
        return next((column for column in self.columns if column.name == name), None)
