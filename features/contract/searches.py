"""What shoppers and visitors searched for, whatever came of it."""

from pyspark.sql.types import ArrayType, DateType, IntegerType, StringType, TimestampType

from features.contract.table import SHOPPER_OR_VISITOR, Column, Invariant, Table, plausible_time, readable

SEARCHES = Table(
    name="searches",
    meaning="What shoppers and visitors searched for, whatever came of it.",
    columns=(
        Column("search_id", StringType(), "Identifier of the search."),
        Column("user_id", StringType(), "Identifier of the shopper; NULL while the visitor is unknown.", nullable=True),
        Column("visitor_id", StringType(), "Identifier of the visitor.", nullable=True),
        Column("query", StringType(), "Search text."),
        Column("search_time", TimestampType(), "Time of the search, UTC."),
        Column("search_date", DateType(), "Day of search_time, UTC."),
        Column("ingested_at", TimestampType(), "Time at which the source recorded the search."),
        Column("results", ArrayType(StringType()), "Items shown, in their order.", nullable=True),
        Column("results_count", IntegerType(), "Number of results; 0 where nothing was found.", nullable=True),
        Column("event_id", StringType(), "Event that came of the search.", nullable=True),
        Column("source_part", StringType(), "File of the source that the search came from.", nullable=True),
    ),
    key=("search_id",),
    invariants=(
        SHOPPER_OR_VISITOR,
        *plausible_time("search_time"),
        Invariant("search_time_after_ingested_at", "search_time <= ingested_at"),
        Invariant("results_count_negative", "results_count >= 0"),
        *readable("search_id", "user_id", "visitor_id", "event_id", longest=256),
        *readable("query", longest=20000),
        Invariant("search_date_not_day_of_search_time", "search_date = to_date(search_time)"),
    ),
    skipped_by=("search_date",),
)
