"""The shoppers who would most likely respond to an item or a group of items, for mail and push tools."""

from pyspark.sql.types import DateType, DoubleType, LongType, StringType

from features.contract.table import Column, Invariant, Table

AUDIENCES = Table(
    name="audiences",
    meaning="Shoppers with consent who would most likely respond to one of an audience's items, the best first.",
    columns=(
        Column("as_of", DateType(), "Night whose relevance chose them."),
        Column("audience", StringType(), "Name of the audience, given at its export."),
        Column("user_id", StringType(), "Shopper."),
        Column("rank", LongType(), "Place in the audience, from 1."),
        Column("item_id", StringType(), "The audience's item that this shopper would most likely respond to."),
        Column("relevance", DoubleType(), "Chance of a response to that item."),
        Column("counted", DoubleType(), "What the plan counts a view of it for; shoppers are ranked by it."),
        Column("policy", StringType(), "Policy whose relevance it is."),
        Column("run_id", StringType(), "Run that wrote the row."),
    ),
    key=("as_of", "audience", "user_id"),
    partitioned_by=("as_of", "audience"),
    invariants=(
        Invariant("rank_below_one", "rank >= 1"),
        Invariant("relevance_out_of_range", "relevance >= 0 AND relevance <= 1"),
        Invariant("counted_negative", "counted >= 0"),
    ),
)
