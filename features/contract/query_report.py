"""What each query finds."""

from pyspark.sql.types import ArrayType, DateType, IntegerType, LongType, StringType

from features.contract.table import Column, Invariant, Table, readable

SEARCHED, KEYWORD = "searches", "keywords"  # where a query comes from
FOUND, HEAD_ONLY, NOT_SOLD, NOTHING = "found", "head_only", "not_sold", "nothing"

QUERY_REPORT = Table(
    name="query_report",
    meaning="What each query finds among the eligible items: demand that the catalogue meets or not.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("query", StringType(), "Query in its normalised form."),
        Column("source", StringType(), f"{SEARCHED}, or {KEYWORD} of items where no shopper's query is known."),
        Column("segment", StringType(), "head for the queries that hold segments.head_share of the searches, or tail."),
        Column("shoppers", LongType(), "Different shoppers who searched for it in search.days, at least "
               "search.least_shoppers; 0 for a keyword."),
        Column("searches", LongType(), "Their searches; 0 for a keyword."),
        Column("without_result", LongType(), "Those of them for which the store itself found nothing."),
        Column("items", IntegerType(), "Items found, search.items at most."),
        Column("tail_items", IntegerType(), "Those of them outside the head."),
        Column("missing", ArrayType(StringType(), False), "Words of the query that the closest item lacks."),
        Column("finding", StringType(), f"{NOTHING}; {NOT_SOLD}: no item has half of the query by the rarity of its "
               f"words; {HEAD_ONLY}: none of the first ten is outside the head; else {FOUND}."),
    ),
    key=("as_of", "query"),
    partitioned_by=("as_of",),
    invariants=(
        Invariant("source_unknown", f"source in ('{SEARCHED}', '{KEYWORD}')"),
        Invariant("segment_unknown", "segment in ('head', 'tail')"),
        Invariant("finding_unknown", f"finding in ('{FOUND}', '{HEAD_ONLY}', '{NOT_SOLD}', '{NOTHING}')"),
        Invariant("tail_items_above_items", "tail_items BETWEEN 0 AND items"),
        Invariant("without_result_above_searches", "without_result BETWEEN 0 AND searches"),
        *readable("query", longest=20000),
    ),
)  # fmt: skip
