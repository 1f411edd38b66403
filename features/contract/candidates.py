"""Top N items of each shopper after the first stage, with every channel's score."""

from pyspark.sql.types import ArrayType, DateType, DoubleType, FloatType, IntegerType, StringType

from features.contract.table import Column, Invariant, Table

CANDIDATES = Table(
    name="candidates",
    meaning="Top N items of each shopper after the first stage, with every channel's score.",
    columns=(
        Column("as_of", DateType(), "Night, or the cut of a past training period."),
        Column("encoder_version", StringType(), "Version of the encoder that the text channels used."),
        Column("first_stage_version", StringType(), "Version of the first stage that ranked them."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("rank", IntegerType(), "Rank by the first stage, 1 is the best."),
        Column("first_stage_score", DoubleType(), "Log-odds of the first stage, corrected for the share of negatives."),
        Column(
            "channel_scores",
            ArrayType(FloatType()),
            "Scores of the channels, in the order of the first stage's inputs.",
        ),
    ),
    key=(
        "as_of",
        "encoder_version",
        "first_stage_version",
        "user_id",
        "item_id",
    ),
    partitioned_by=(
        "as_of",
        "encoder_version",
        "first_stage_version",
    ),
    invariants=(Invariant("rank_below_one", "rank >= 1"),),
)
