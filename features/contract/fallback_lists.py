"""Fallback lists: for unknown shoppers and shoppers without consent."""

from pyspark.sql.types import DateType, DoubleType, IntegerType, StringType

from features.contract.table import Column, Invariant, Table

EVERYONE = "everyone"  # the segment of all shoppers

FALLBACK_LISTS = Table(
    name="fallback_lists",
    meaning="Fallback lists: for unknown shoppers and shoppers without consent.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("policy", StringType(), "Policy."),
        Column("placement", StringType(), "Placement."),
        Column("shopper_segment", StringType(), "Segment of shoppers that the list is for; 'everyone' is all of them."),
        Column("rank", IntegerType(), "Rank in the list, 1 is the first."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("value", DoubleType(), "Mean value over the consenting shoppers of the segment."),
        Column("relevance", DoubleType(), "Mean relevance over the consenting shoppers of the segment."),
        Column("reason", StringType(), "Why the item is in the list, in words."),
        Column("model_version", StringType(), "Version of longtail-ranker."),
        Column("run_id", StringType(), "Run that planned it."),
    ),
    key=("as_of", "policy", "placement", "shopper_segment", "rank"),
    partitioned_by=("as_of", "policy"),
    invariants=(
        Invariant("rank_below_one", "rank >= 1"),
        Invariant("relevance_out_of_range", "relevance >= 0 AND relevance <= 1"),
    ),
)
