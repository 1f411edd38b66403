"""Corrections of floors and caps in a plan, from the exposure that earlier nights delivered."""

from pyspark.sql.types import DateType, DoubleType, StringType

from features.contract.table import Column, Invariant, Table

EXPOSURE_CORRECTIONS = Table(
    name="exposure_corrections",
    meaning="Corrections of floors and caps in a plan, from the exposure that earlier nights delivered.",
    columns=(
        Column("as_of", DateType(), "Night whose plan is corrected."),
        Column("policy", StringType(), "Policy."),
        Column("constraint", StringType(), "Kind of constraint, as in constraint_prices."),
        Column("member", StringType(), "Item or group that it binds."),
        Column("asked_share", DoubleType(), "Share of all exposure that the rule requires."),
        Column(
            "delivered_share",
            DoubleType(),
            "Share of the delivered exposure; NULL if none is logged.",
            nullable=True,
        ),
        Column("error", DoubleType(), "Relative shortfall beyond chance; negative for an excess."),
        Column("correction", DoubleType(), "The plan's bound is the configured one times 1 + correction."),
        Column("measured_on", DateType(), "Night whose delivery was measured; NULL if there was none.", nullable=True),
        Column("reason", StringType(), "Why the correction changed, in words."),
    ),
    key=("as_of", "policy", "constraint", "member"),
    partitioned_by=("as_of", "policy"),
    invariants=(Invariant("correction_not_above_minus_one", "correction > -1"),),
)
