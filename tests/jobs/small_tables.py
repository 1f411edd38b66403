"""Rows of tables of which a test cares for a few columns only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import DataType

from features.contract.table import Table

_OF_TYPE: dict[str, Any] = {
    "string": "x", "boolean": False, "array": [], "map": {}, "double": 0.0, "float": 0.0, "bigint": 0, "int": 1,
    "date": date(2024, 1, 1), "timestamp": datetime(2024, 1, 1, tzinfo=UTC),
}  # fmt: skip


def filled(spark: SparkSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """The rows with every column of the table: NULL where it is optional, else any value of its type."""
    values = [
        tuple(row[c.name] if c.name in row else None if c.nullable else _any(c.type) for c in table.columns)
        for row in rows
    ]
    return spark.createDataFrame(values, table.schema)


def _any(kind: DataType) -> Any:
    name = kind.simpleString().split("<")[0].split("(")[0]
    return Decimal(0) if name == "decimal" else _OF_TYPE[name]
