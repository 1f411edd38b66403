"""Exposure that the plan gives to each item."""

from pyspark.sql.types import DateType, DoubleType, StringType

from features.contract.table import Column, Invariant, Table

ITEM_EXPOSURE = Table(
    name="item_exposure",
    meaning="Exposure that the plan gives to each item.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("policy", StringType(), "Policy."),
        Column("placement", StringType(), "Placement."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("segment", StringType(), "head, tail or cold."),
        Column("boost", DoubleType(), "Minus the item's price in the plan."),
        Column("floor", DoubleType(), "Least expected delivered exposure that is required."),
        Column("cap", DoubleType(), "Most expected delivered exposure that is allowed."),
        Column("allocated", DoubleType(), "Expected delivered exposure of the final lists."),
        Column("binding", StringType(), "Bound that is binding for the item: cap, floor or none."),
        Column(
            "not_lifted_by",
            StringType(),
            "Word or phrase of plan.not_lifted in the item's texts; NULL without one.",
            nullable=True,
        ),
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
        Invariant("allocated_negative", "allocated >= 0"),
        Invariant("binding_unknown", "binding in ('cap', 'floor', 'none')"),
    ),
)
