"""Which shopper a visitor turned out to be, and since when."""

from pyspark.sql.types import StringType, TimestampType

from features.contract.table import Column, Table, plausible_time, readable

IDENTITIES = Table(
    name="identities",
    meaning="Which shopper a visitor turned out to be, and since when; a visitor of several shoppers has several rows.",
    columns=(
        Column("visitor_id", StringType(), "Identifier of the visitor."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("valid_from", TimestampType(), "Time of the identification, such as the log-in, UTC."),
    ),
    key=("visitor_id", "valid_from"),
    invariants=(*plausible_time("valid_from"), *readable("visitor_id", "user_id", longest=256)),
    skipped_by=("valid_from",),
)
