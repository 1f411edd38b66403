"""Counts of the event stream: partial sums of one batch, by window."""

from pyspark.sql.types import DateType, DoubleType, LongType, StringType, TimestampType

from features.contract.table import Column, Invariant, Table

COUNTS = ("exposures", "clicks", "carts", "purchases")
SUMS = (*COUNTS, "delivered")


def _counts_of(entity: str, what: str) -> Table:
    return Table(
        name=f"live_{entity}_counts",
        meaning=f"Events of {what} in the stream: partial sums of one batch, by window of event time.",
        columns=(
            Column("day", DateType(), "Day of the window, UTC; the partition."),
            Column(
                "window_start",
                TimestampType(),
                "Start of the window of event time, UTC; or the moment within it when a night's day began.",
            ),
            Column(f"{entity}_id", StringType(), f"Identifier of {what}."),
            Column("exposures", DoubleType(), "Exposures of the plan's placement, by sample weight."),
            Column(
                "delivered",
                DoubleType(),
                "These exposures, each times the weight of its position: the unit of an item's cap.",
                default=0.0,
            ),
            Column("clicks", DoubleType(), "Clicks anywhere in the store."),
            Column("carts", DoubleType(), "Additions to the cart."),
            Column("purchases", DoubleType(), "Purchase lines."),
            Column("stream", StringType(), "Stream that counted them."),
            Column("batch_id", LongType(), "Batch of the stream; a batch that runs again is written once."),
        ),
        key=("window_start", f"{entity}_id", "stream", "batch_id"),
        partitioned_by=("day",),
        invariants=tuple(Invariant(f"{name}_negative", f"{name} >= 0") for name in SUMS),
        log_days=1,
    )


LIVE_ITEM_COUNTS = _counts_of("item", "a product")
LIVE_USER_COUNTS = _counts_of("user", "a shopper")
