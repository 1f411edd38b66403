"""Items for what shoppers search for."""

from pyspark.sql.types import BooleanType, DateType, DoubleType, IntegerType, StringType

from features.contract.table import Column, Invariant, Table, readable

QUERY_ITEMS = Table(
    name="query_items",
    meaning="Eligible items for each query that many shoppers search for, the best first.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("query", StringType(), "Query in its normalised form."),
        Column("rank", IntegerType(), "Place of the item, from 1."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("score", DoubleType(), "By what the items are ranked; comparable within a query."),
        Column("is_tail", BooleanType(), "Whether the item is outside the head."),
    ),
    key=("as_of", "query", "rank"),
    partitioned_by=("as_of",),
    invariants=(Invariant("rank_below_one", "rank >= 1"), *readable("query", longest=20000)),
)
