"""By how much tonight's plan raises floors and lowers caps, from what earlier nights delivered."""

from pyspark.sql.types import DateType, DoubleType, StringType

from features.contract.table import Column, Invariant, Table

EXPOSURE_CORRECTIONS = Table(
    name="exposure_corrections",
    meaning="By how much tonight's plan raises floors and lowers caps, from what earlier nights delivered.",
    columns=(
        Column("as_of", DateType(), "Night whose plan is corrected."),
        Column("policy", StringType(), "Policy."),
        Column("constraint", StringType(), "As in constraint_prices."),
        Column("member", StringType(), "Item or group that it binds."),
        Column("asked_share", DoubleType(), "Share of all exposure that the rule asks for."),
        Column(
            "delivered_share",
            DoubleType(),
            "Share of the delivered exposure; NULL where none is logged.",
            nullable=True,
        ),
        Column("error", DoubleType(), "Relative shortfall beyond chance; negative where it got too much."),
        Column("correction", DoubleType(), "Tonight's bound is the one asked for, times 1 + correction."),
        Column("measured_on", DateType(), "Night whose delivery was measured; NULL where none was.", nullable=True),
        Column("reason", StringType(), "What it was changed for, in words."),
    ),
    key=("as_of", "policy", "constraint", "member"),
    partitioned_by=("as_of", "policy"),
    invariants=(Invariant("correction_above_minus_one", "correction > -1"),),
)
