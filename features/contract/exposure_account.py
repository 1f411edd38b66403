"""What each item was planned to get and what it got."""

from pyspark.sql.types import DateType, DoubleType, LongType, StringType

from features.contract.money import MONEY
from features.contract.table import Column, Invariant, Table

EXPOSURE_ACCOUNT = Table(
    name="exposure_account",
    meaning="What each item was planned to get on a night's days, what it got, and what it brought.",
    columns=(
        Column("as_of", DateType(), "Night whose lists were live."),
        Column("policy", StringType(), "Policy."),
        Column("placement", StringType(), "Placement."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("segment", StringType(), "head, tail or cold on that night; empty where it had no part in the plan."),
        Column("live_days", LongType(), "Days that the lists were live for, so far."),
        Column("planned", DoubleType(), "Expected delivered exposures of those days."),
        Column("logged", DoubleType(), "Exposures logged; NULL where none was for the whole placement.", nullable=True),
        Column(
            "delivered",
            DoubleType(),
            "Logged exposures, each times the chance that its position is looked at, as planned is; NULL as logged is.",
            nullable=True,
        ),
        Column("requests", LongType(), "Different requests among them.", nullable=True),
        Column("clicks", DoubleType(), "Clicks that an exposure led to.", nullable=True),
        Column("carts", DoubleType(), "Puts into a cart that an exposure led to.", nullable=True),
        Column("purchases", LongType(), "Purchase lines that an exposure led to.", nullable=True),
        Column("revenue", MONEY, "Amount paid for these purchases.", nullable=True),
        Column(
            "margin", DoubleType(), "Part of it that the store keeps; NULL where no margin is known.", nullable=True
        ),
        Column("gap", DoubleType(), "delivered - planned.", nullable=True),
        Column("reason", StringType(), "Why there is a gap, where it is known; empty where it is within chance."),
    ),
    key=("as_of", "policy", "placement", "item_id"),
    partitioned_by=("as_of", "policy"),
    invariants=(
        Invariant("planned_not_negative", "planned >= 0"),
        Invariant("logged_not_negative", "logged >= 0"),
        Invariant("delivered_not_negative", "delivered >= 0"),
        Invariant("gap_is_difference", "abs(gap - (delivered - planned)) < 1e-6"),
    ),
)
