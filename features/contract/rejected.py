"""Rows of the source that violate the contract, with the reason."""

from pyspark.sql.types import DateType, StringType

from features.contract.table import Column, Invariant, Table

REJECTED = Table(
    name="rejected",
    meaning="Rows of the source that violate the contract, with the reason.",
    columns=(
        Column("table", StringType(), "Table that the row was meant for."),
        Column("row_id", StringType(), "Key of the row, or a hash of its payload if the key is missing."),
        Column("run_id", StringType(), "Run that rejected it."),
        Column("as_of", DateType(), "Night of that run."),
        Column("reason", StringType(), "Names of its violations, comma-separated."),
        Column("payload", StringType(), "The row as JSON."),
    ),
    key=(
        "table",
        "row_id",
        "run_id",
    ),
    partitioned_by=("as_of",),
    invariants=(Invariant("reason_empty", "reason <> ''"),),
)
