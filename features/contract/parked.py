"""Events of items or users that are not known yet; ingested once these arrive."""

from pyspark.sql.types import DateType, StringType

from features.contract.table import Column, Invariant, Table

PARKED = Table(
    name="parked",
    meaning="Events of items or users that are not known yet; ingested once these arrive.",
    columns=(
        Column("table", StringType(), "Table that the row was meant for."),
        Column("row_id", StringType(), "Key of the row."),
        Column("run_id", StringType(), "Run that parked it."),
        Column("as_of", DateType(), "Night of that run."),
        Column("reason", StringType(), "item_unknown or user_unknown."),
        Column("payload", StringType(), "The row as JSON."),
        Column("parked_since", DateType(), "First night that parked the row.", nullable=True),
    ),
    key=(
        "table",
        "row_id",
        "run_id",
    ),
    partitioned_by=("as_of",),
    invariants=(Invariant("reason_empty", "reason <> ''"),),
)
