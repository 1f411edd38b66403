"""Price of each constraint of a plan: the next night starts from it, and it explains the lists."""

from pyspark.sql.types import DateType, DoubleType, StringType

from features.contract.table import Column, Invariant, Table

CONSTRAINT_PRICES = Table(
    name="constraint_prices",
    meaning="Price of each constraint of a plan: the next night starts from it, and it explains the lists.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("policy", StringType(), "Policy."),
        Column(
            "constraint",
            StringType(),
            "Kind of constraint: item_cap, stock, item_floor, launch, pin, budget, or a group's name.",
        ),
        Column("member", StringType(), "Item or group that it binds."),
        Column("price", DoubleType(), "Value per expected delivered exposure."),
        Column("bound", DoubleType(), "Bound, in expected delivered exposures."),
        Column(
            "used",
            DoubleType(),
            "Expected delivered exposures: over all outcomes of the draw for floors of groups, as drawn else.",
        ),
        Column("shortfall", DoubleType(), "Expected delivered exposures by which a floor is missed."),
    ),
    key=(
        "as_of",
        "policy",
        "constraint",
        "member",
    ),
    partitioned_by=(
        "as_of",
        "policy",
    ),
    invariants=(
        Invariant("price_negative", "price >= 0"),
        Invariant("shortfall_negative", "shortfall >= 0"),
    ),
)
