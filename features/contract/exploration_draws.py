"""What the draws of exploration slots showed, and a sample of what they could have shown."""

from pyspark.sql.types import BooleanType, DateType, DoubleType, StringType

from features.contract.table import Column, Invariant, Table

EXPLORATION_DRAWS = Table(
    name="exploration_draws",
    meaning="What the draws of exploration slots showed, and a sample of what they could have shown.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("policy", StringType(), "Policy."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("placement", StringType(), "Placement."),
        Column("relevance", DoubleType(), "Probability of a response within the horizon."),
        Column("propensity", DoubleType(), "Probability with which the pair is drawn."),
        Column("is_drawn", BooleanType(), "Whether it was drawn into the list."),
        Column(
            "weight", DoubleType(), "Pairs of the shopper that the row represents, all of which could have been drawn."
        ),
        Column("run_id", StringType(), "Run that planned it."),
    ),
    key=("as_of", "policy", "user_id", "item_id"),
    partitioned_by=("as_of", "policy"),
    invariants=(
        Invariant("relevance_out_of_range", "relevance >= 0 AND relevance <= 1"),
        Invariant("propensity_out_of_range", "propensity > 0 AND propensity < 1"),
        Invariant("weight_below_one", "weight >= 1"),
    ),
)
