"""What a table of the warehouse is: its columns, its key, its partitions and what must hold for every row."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql.types import DataType, StructField, StructType


@dataclass(frozen=True)
class Column:
    """A column with its Spark type and its meaning; `nullable` is false unless the contract marks it as optional."""

    name: str
    type: DataType
    meaning: str
    nullable: bool = False


@dataclass(frozen=True)
class Invariant:
    """A named SQL condition that is true for every row; NULL counts as true, so that optional columns stay optional."""

    name: str
    holds: str


@dataclass(frozen=True)
class Table:
    """A Delta table: the one place of its StructType, key, partitions and invariants."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partitioned_by: tuple[str, ...] = ()
    invariants: tuple[Invariant, ...] = ()

    @property
    def schema(self) -> StructType:
        """The columns in order, with nullability and the meaning as the column's comment."""
        return StructType([StructField(c.name, c.type, c.nullable, {"comment": c.meaning}) for c in self.columns])

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def required(self) -> list[str]:
        return [column.name for column in self.columns if not column.nullable]
