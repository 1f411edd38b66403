"""What a table of the warehouse is: its columns, its key, its partitions and what must hold for every row."""

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

# Columns that hold or may hold the identifier of a shopper, or words that a shopper wrote.
TELLING = ("user_id", "event_id", "row_id", "payload", "query", "text", "reason", "user_hash")


@dataclass(frozen=True)
class Column:
    """A column with its Spark type and its meaning; `nullable` is false unless the contract marks it as optional.

    `default` is what rows have that were written before the column came; None where the table would have to be rebuilt.
    """

    name: str
    type: DataType
    meaning: str
    nullable: bool = False
    default: Any = None


@dataclass(frozen=True)
class Invariant:
    """A named SQL condition that is true for every row; NULL counts as true, so that optional columns stay optional."""

    name: str
    holds: str


def readable(*columns: str, longest: int) -> tuple[Invariant, ...]:
    """Rules for texts: valid UTF-8 without the sign that decoders put for bytes that are not, and not over-long."""
    return tuple(
        rule
        for name in columns
        for rule in (
            Invariant(f"{name}_bad_utf8", f"is_valid_utf8({name}) AND NOT contains({name}, '\ufffd')"),
            Invariant(f"{name}_too_long", f"length({name}) <= {longest}"),
        )
    )


def plausible_time(*columns: str) -> tuple[Invariant, ...]:
    """Rules for times: a clock that was never set says 1970, a mistyped year 20177."""
    return tuple(
        Invariant(
            f"{name}_absurd", f"{name} >= TIMESTAMP'2000-01-01 00:00:00' AND {name} < TIMESTAMP'2100-01-01 00:00:00'"
        )
        for name in columns
    )


@dataclass(frozen=True)
class Table:
    """A Delta table: the one place of its StructType, key, partitions and invariants.

    `skipped_by` names the columns by whose least and greatest value readers skip files; None means all that have an
    order and do not tell of a shopper. Collecting these values for all columns of a large table takes as long as
    writing it, and they stay in Delta's log, where nothing can be erased.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partitioned_by: tuple[str, ...] = ()
    invariants: tuple[Invariant, ...] = ()
    skipped_by: tuple[str, ...] | None = None

    @property
    def schema(self) -> StructType:
        """The columns in order, with nullability and the meaning as the column's comment."""
        return StructType([StructField(c.name, c.type, c.nullable, {"comment": c.meaning}) for c in self.columns])

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def with_statistics(self) -> tuple[str, ...]:
        """The columns whose least and greatest value each file is given."""
        if self.skipped_by is not None:
            return self.skipped_by
        ordered = (NumericType, DateType, TimestampType, StringType)
        return tuple(
            column.name
            for column in self.columns
            if isinstance(column.type, ordered) and column.name not in (*TELLING, *self.partitioned_by)
        )

    @property
    def required(self) -> list[str]:
        return [column.name for column in self.columns if not column.nullable]
