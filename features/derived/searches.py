"""What shoppers searched for before a date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.derived.days import days_before_dates

QUERIES = 5  # the newest ones of a shopper
_DAYS = 28


def searched(searches: DataFrame, dates: Sequence[date]) -> DataFrame:
    """as_of, user_id, searches_count_28d, searches_queries_28d: the newest different queries, the newest first.

    searches: user_id, query, search_time, and known_date, the day from which a search is known to be the shopper's
    """
    known = searches.select(F.col("known_date").alias("day"), "user_id", "query", "search_time")
    of_query = (
        days_before_dates(known, dates, _DAYS)
        .groupBy("as_of", "user_id", F.lower(F.trim("query")).alias("query"))
        .agg(F.count(F.lit(1)).alias("times"), (-F.unix_micros(F.max("search_time"))).alias("order"))
    )
    newest = F.slice(F.array_sort(F.collect_list(F.struct("order", "query"))), 1, QUERIES)
    return (
        of_query.groupBy("as_of", "user_id")
        .agg(F.sum("times").alias("searches_count_28d"), newest.alias("newest"))
        .select("as_of", "user_id", "searches_count_28d", F.col("newest.query").alias("searches_queries_28d"))
    )
