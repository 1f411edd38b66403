"""The last events of a shopper as arrays of one length, newest first."""

from pyspark.sql.types import ArrayType, DateType, FloatType, StringType, TimestampType

from features.contract.table import Column, Invariant, Table

USER_HISTORY = Table(
    name="user_history",
    meaning="The last events of a shopper as arrays of one length, newest first.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("item_ids", ArrayType(StringType()), "Items."),
        Column(
            "event_types",
            ArrayType(StringType()),
            "Event types; low_rating for a review of at most features.low_rating.",
        ),
        Column("days_ago", ArrayType(FloatType()), "Days between the event and as_of 00:00 UTC."),
        Column("event_times", ArrayType(TimestampType()), "Times of the events, UTC.", default=()),
    ),
    key=(
        "as_of",
        "user_id",
    ),
    partitioned_by=("as_of",),
    invariants=(
        Invariant(
            "array_lengths_differ",
            " AND ".join(f"size(item_ids) = size({name})" for name in ("event_types", "days_ago", "event_times")),
        ),
    ),
)
