"""Tables that an earlier version of their contract created: added and removed columns, without a rebuild."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from features.contract.table import Column as Declared
from features.contract.table import Table
from jobs.runtime.errors import LongtailError
from jobs.tables.sql import sql_identifier


def as_declared(stored: DataFrame, table: Table) -> DataFrame:
    """The columns of the contract, from a stored table.

    Rows written before the contract had a column have its default, or NULL if it is optional. Raises LongtailError for
    a column that has neither.
    """
    _require_columns(stored, table)
    added = {column.name for column in added_columns(stored, table)}
    return stored.select(
        *(_with_default(stored, column) if column.name in added else F.col(column.name) for column in table.columns)
    )


def added_columns(stored: DataFrame, table: Table) -> list[Declared]:
    """The columns without a value in rows that were written before the contract had them."""
    fields = {field.name: field for field in stored.schema.fields}
    return [
        column
        for column in table.columns
        if column.name not in fields or (fields[column.name].nullable and not column.nullable)
    ]


def migrate(spark: SparkSession, path: str, table: Table) -> None:
    """Adds the columns that are new in the contract; makes those that it no longer has or requires nullable."""
    stored = spark.read.format("delta").load(path)
    _require_columns(stored, table)
    held = {field.name: field for field in stored.schema.fields}
    new = [column for column in table.columns if column.name not in held]
    stored_table = f"delta.{sql_identifier(path)}"
    if new:
        # Existing rows have no value, so Delta accepts no new column that is NOT NULL; each write checks it.
        columns = ", ".join(f"{sql_identifier(column.name)} {column.type.simpleString()}" for column in new)
        spark.sql(f"ALTER TABLE {stored_table} ADD COLUMNS ({columns})")
    optional = {column.name for column in table.columns if column.nullable}
    for name in held.keys() - (set(table.column_names) - optional):
        if not held[name].nullable:
            spark.sql(f"ALTER TABLE {stored_table} ALTER COLUMN {sql_identifier(name)} DROP NOT NULL")


def _require_columns(stored: DataFrame, table: Table) -> None:
    missing = [
        column.name
        for column in added_columns(stored, table)
        if not column.nullable and column.default is None and column.name not in stored.columns
    ]
    if missing:
        raise LongtailError(
            f"The table {table.name} has no column {', '.join(missing)}.", "Rebuild it with this version of the code."
        )


def _with_default(stored: DataFrame, column: Declared) -> Column:
    kind = column.type
    default = F.array() if isinstance(kind, ArrayType) and column.default == () else F.lit(column.default)
    typed = default.cast(kind)
    return (F.coalesce(column.name, typed) if column.name in stored.columns else typed).alias(column.name)
