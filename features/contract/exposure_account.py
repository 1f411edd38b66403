"""Planned and delivered exposure of each item."""

from pyspark.sql.types import DateType, DoubleType, LongType, StringType

from features.contract.money import MONEY
from features.contract.table import Column, Invariant, Table

EXPOSURE_ACCOUNT = Table(
    name="exposure_account",
    meaning="Planned and delivered exposure of each item on the days of a night's lists, and the responses.",
    columns=(
        Column("as_of", DateType(), "Night whose lists were live."),
        Column("policy", StringType(), "Policy."),
        Column("placement", StringType(), "Placement."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column(
            "segment", StringType(), "head, tail or cold on that night; empty for an item that was not in the plan."
        ),
        Column("live_days", LongType(), "Days for which the lists have been live so far, rounded."),
        Column("planned", DoubleType(), "Expected delivered exposures in that time, not rounded."),
        Column(
            "logged", DoubleType(), "Logged exposures; NULL if the store logged none of this placement.", nullable=True
        ),
        Column(
            "delivered",
            DoubleType(),
            "Logged exposures, each times the chance that its position is viewed, as in planned; NULL as logged.",
            nullable=True,
        ),
        Column("requests", LongType(), "Distinct requests among the logged exposures.", nullable=True),
        Column("clicks", DoubleType(), "Clicks attributed to an exposure.", nullable=True),
        Column("carts", DoubleType(), "Additions to the cart attributed to an exposure.", nullable=True),
        Column("purchases", LongType(), "Purchase lines attributed to an exposure.", nullable=True),
        Column("revenue", MONEY, "Amount paid for these purchases.", nullable=True),
        Column(
            "margin",
            DoubleType(),
            "Part of the revenue that the store keeps; NULL if no margin is known.",
            nullable=True,
        ),
        Column("gap", DoubleType(), "delivered - planned.", nullable=True),
        Column("reason", StringType(), "Cause of the gap, if known; empty if the gap is within chance."),
        Column(
            "views",
            DoubleType(),
            "Views attributed to an exposure; NULL without one, and where relevance.target is not a view.",
            nullable=True,
        ),
    ),
    key=("as_of", "policy", "placement", "item_id"),
    partitioned_by=("as_of", "policy"),
    invariants=(
        Invariant("planned_negative", "planned >= 0"),
        Invariant("logged_negative", "logged >= 0"),
        Invariant("delivered_negative", "delivered >= 0"),
        Invariant("gap_not_delivered_minus_planned", "abs(gap - (delivered - planned)) < 1e-6"),
    ),
)
