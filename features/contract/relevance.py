"""Calibrated relevance of every pair that entered the plan."""

from pyspark.sql.types import ArrayType, DateType, DoubleType, MapType, StringType

from features.contract.table import Column, Invariant, Table

CHANCES = MapType(StringType(), DoubleType())

RELEVANCE = Table(
    name="relevance",
    meaning="Calibrated relevance of every pair that entered the plan.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("policy", StringType(), "Policy."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("relevance", DoubleType(), "Calibrated probability of a response, as the configuration defines it."),
        Column("model_version", StringType(), "Version of longtail-ranker."),
        Column(
            "top_reasons",
            ArrayType(StringType()),
            "Features that raised the relevance most, the strongest first; the prefix low: marks a low value.",
        ),
        Column(
            "organic",
            DoubleType(),
            "Probability of a response without exposure, within uplift.outcome_days; NULL if uplift is not learnt.",
            nullable=True,
        ),
        Column(
            "uplift",
            DoubleType(),
            "Effect of being shown: what one view adds to the probability of a response; NULL if it is not learnt.",
            nullable=True,
        ),
        Column("uplift_error", DoubleType(), "Standard error of uplift; NULL if it is not learnt.", nullable=True),
        Column(
            "chances",
            CHANCES,
            "By response of relevance.values its calibrated probability; NULL if no values are set.",
            nullable=True,
        ),
    ),
    key=(
        "as_of",
        "policy",
        "user_id",
        "item_id",
    ),
    partitioned_by=(
        "as_of",
        "policy",
    ),
    invariants=(
        Invariant("relevance_out_of_range", "relevance >= 0 AND relevance <= 1"),
        Invariant("organic_out_of_range", "organic >= 0 AND organic <= 1"),
        Invariant("uplift_out_of_range", "uplift >= -1 AND uplift <= 1"),
        Invariant("uplift_error_negative", "uplift_error >= 0"),
    ),
)
