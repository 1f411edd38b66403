"""Price of each constraint: tomorrow's warm start and today's explanation."""

from pyspark.sql.types import DateType, DoubleType, StringType

from features.contract.table import Column, Invariant, Table

CONSTRAINT_PRICES = Table(
    name="constraint_prices",
    meaning="Price of each constraint: tomorrow's warm start and today's explanation.",
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
        Column("bound", DoubleType(), "Expected delivered exposure."),
        Column("used", DoubleType(), "Expected delivered exposure in the plan."),
        Column("shortfall", DoubleType(), "How much of a floor is not met."),
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
        Invariant("price_not_negative", "price >= 0"),
        Invariant("shortfall_not_negative", "shortfall >= 0"),
    ),
)
