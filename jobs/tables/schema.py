"""Tables whose contract has changed since they were made: columns that came, columns that went, without a rebuild."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from features.contract.table import Column as Declared
from features.contract.table import Table
from jobs.runtime.errors import LongtailError


def as_declared(stored: DataFrame, table: Table) -> DataFrame:
    """The columns of the contract from a table as it is stored.

    What was written before a column came has its default, NULL where the contract marks it as optional. Raises
    LongtailError where it has neither.
    """
    _require_columns(stored, table)
    came = {column.name for column in came_later(stored, table)}
    return stored.select(
        *(
            _of_before(stored, column) if column.name in came else F.col(column.name)
            for column in table.columns
        )
    )  # fmt: skip


def came_later(stored: DataFrame, table: Table) -> list[Declared]:
    """The columns that rows of a table as it is stored may miss, though the contract gives each row a value or NULL."""
    fields = {field.name: field for field in stored.schema.fields}
    return [
        column
        for column in table.columns
        if column.name not in fields or (fields[column.name].nullable and not column.nullable)
    ]


def migrate(spark: SparkSession, path: str, table: Table) -> None:
    """Adds the columns that the contract has gained; lets those that it has lost be empty."""
    stored = spark.read.format("delta").load(path)
    _require_columns(stored, table)
    held = {field.name: field for field in stored.schema.fields}
    gained = [column for column in table.columns if column.name not in held]
    if gained:
        # Rows that are there have no value, so Delta takes no new column that is NOT NULL; each write checks it.
        added = ", ".join(f"`{column.name}` {column.type.simpleString()}" for column in gained)
        spark.sql(f"ALTER TABLE delta.`{path}` ADD COLUMNS ({added})")
    for name in held.keys() - set(table.column_names):
        if not held[name].nullable:
            spark.sql(f"ALTER TABLE delta.`{path}` ALTER COLUMN `{name}` DROP NOT NULL")


def _require_columns(stored: DataFrame, table: Table) -> None:
    missing = [
        column.name
        for column in came_later(stored, table)
        if not column.nullable and column.default is None and column.name not in stored.columns
    ]
    if missing:
        raise LongtailError(
            f"The table {table.name} has no column {', '.join(missing)}.", "Rebuild it with this version."
        )


def _of_before(stored: DataFrame, column: Declared) -> Column:
    kind = column.type
    default = F.array() if isinstance(kind, ArrayType) and column.default == () else F.lit(column.default)
    typed = default.cast(kind)
    return (F.coalesce(column.name, typed) if column.name in stored.columns else typed).alias(column.name)
