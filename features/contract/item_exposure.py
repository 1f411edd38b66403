"""What the plan gave each item."""

from pyspark.sql.types import DateType, DoubleType, StringType

from features.contract.table import Column, Invariant, Table

ITEM_EXPOSURE = Table(
    name="item_exposure",
    meaning="What the plan gave each item.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("policy", StringType(), "Policy."),
        Column("placement", StringType(), "Placement."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("segment", StringType(), "head, tail or cold."),
        Column("boost", DoubleType(), "Minus the item's price in the plan."),
        Column("floor", DoubleType(), "Least expected delivered exposure asked for."),
        Column("cap", DoubleType(), "Most expected delivered exposure allowed."),
        Column("allocated", DoubleType(), "Expected delivered exposure of the integral lists."),
        Column("binding", StringType(), "cap, floor or none: which bound holds the item."),
    ),
    key=(
        "as_of",
        "policy",
        "placement",
        "item_id",
    ),
    partitioned_by=(
        "as_of",
        "policy",
    ),
    invariants=(
        Invariant("allocated_not_negative", "allocated >= 0"),
        Invariant("known_binding", "binding in ('cap', 'floor', 'none')"),
    ),
)
