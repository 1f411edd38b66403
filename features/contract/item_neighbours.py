"""What goes with an item in a session."""

from pyspark.sql.types import ArrayType, DateType, DoubleType, LongType, StringType

from features.contract.table import Column, Invariant, Table

ITEM_NEIGHBOURS = Table(
    name="item_neighbours",
    meaning="Items that sessions with an item hold more often than others, by sessions and, where these are few, text.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("neighbour_ids", ArrayType(StringType(), False), "Items that lists may hold, the largest lift first."),
        Column(
            "lifts",
            ArrayType(DoubleType(), False),
            "How many times more often sessions with the item hold each neighbour than other sessions do.",
        ),
        Column("rest_lift", DoubleType(), "Mean lift of the items that are not among the neighbours."),
        Column("sessions", LongType(), "Sessions with the item and another one; of few, the text decides."),
    ),
    key=("as_of", "item_id"),
    partitioned_by=("as_of",),
    invariants=(
        Invariant("lifts_not_of_the_neighbours", "size(lifts) = size(neighbour_ids)"),
        Invariant("lift_negative", "forall(lifts, lift -> lift >= 0)"),
        Invariant("rest_lift_negative", "rest_lift >= 0"),
        Invariant("sessions_negative", "sessions >= 0"),
    ),
)
