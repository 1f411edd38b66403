"""The shoppers."""

from pyspark.sql.types import BooleanType, MapType, StringType, TimestampType

from features.contract.table import Column, Invariant, Table, plausible_time, readable

USERS = Table(
    name="users",
    meaning="The shoppers.",
    columns=(
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("signed_up_at", TimestampType(), "Time from which the shopper is known."),
        Column("attributes", MapType(StringType(), StringType()), "Attributes of the shopper, as text."),
        Column("consent_personalisation", BooleanType(), "Whether lists may be personal."),
        Column("updated_at", TimestampType(), "Time of the last change in the source."),
    ),
    key=("user_id",),
    invariants=(
        Invariant("user_id_empty", "user_id <> ''"),
        *plausible_time("signed_up_at", "updated_at"),
        *readable("user_id", longest=256),
    ),
)
