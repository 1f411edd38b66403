"""The list of each shopper, which the storefront shows."""

from pyspark.sql.types import DateType, DoubleType, IntegerType, StringType

from features.contract.table import Column, Invariant, Table

EXPOSURE_SCORES = Table(
    name="exposure_scores",
    meaning="The list of each shopper, which the storefront shows.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("policy", StringType(), "Policy."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("placement", StringType(), "Placement."),
        Column("rank", IntegerType(), "Rank in the list, 1 is the first."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("score", DoubleType(), "value + boost."),
        Column("relevance", DoubleType(), "Probability of a response within the horizon."),
        Column(
            "boost",
            DoubleType(),
            "Minus the price of the pair in the plan, in units of value: the item's, or close to it.",
        ),
        Column("exposure", DoubleType(), "Planned probability that the item is in the list, before rounding."),
        Column("propensity", DoubleType(), "Probability with which the pair is in the list."),
        Column("reason", StringType(), "Why the item is in the list, in words."),
        Column("model_version", StringType(), "Version of longtail-ranker."),
        Column("run_id", StringType(), "Run that planned it."),
        Column(
            "value",
            DoubleType(),
            "Responses by plan.objective, or chances times relevance.values, times the value of one, plus bids; "
            "relevance alone if nothing else is set.",
            nullable=True,
        ),
    ),
    key=(
        "as_of",
        "policy",
        "user_id",
        "placement",
        "rank",
    ),
    partitioned_by=(
        "as_of",
        "policy",
    ),
    invariants=(
        Invariant("exposure_out_of_range", "exposure >= 0 AND exposure <= 1"),
        Invariant("propensity_out_of_range", "propensity > 0 AND propensity <= 1"),
        Invariant("rank_below_one", "rank >= 1"),
        Invariant("score_not_value_plus_boost", "abs(score - value - boost) < 1e-9"),
    ),
)
