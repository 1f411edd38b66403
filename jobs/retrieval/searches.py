"""What shoppers searched for before one date: the different queries, and who searched for which when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.collaborative.purchases import days_before
from features.collaborative.signals import frequent_queries
from jobs.execution.night import Night
from jobs.tables.searches import searches_between
from jobs.tables.visitors import events_of_shoppers
from model.retrieval.signals import SEARCH


@dataclass(frozen=True)
class Searches:
    """queries: the different ones, in the order of the alphabet
    lines: user_id, signal, item_row (the query's place in `queries`), days_ago; one row a search
    """

    queries: tuple[str, ...]
    lines: DataFrame


def searches_before(night: Night, as_of: date) -> Searches:
    """The searches of the last `signals.history_days` days for at most `signals.queries` different queries."""
    conf = night.conf.signals
    searches = searches_between(night.tables, as_of - timedelta(days=conf.history_days), as_of)
    searches = searches.select("user_id", "visitor_id", "event_time", "event_date", "query")
    searches = events_of_shoppers(night.tables, searches, as_of, night.conf.features.history_days)
    queries = sorted(row["query"] for row in frequent_queries(searches, conf.queries).collect())
    rows = pd.DataFrame({"query": queries, "item_row": range(len(queries))})
    numbered = night.spark.createDataFrame(rows, "query string, item_row int")
    lines = searches.join(F.broadcast(numbered), on="query", how="inner").select(
        "user_id", F.lit(SEARCH).alias("signal"), "item_row", days_before(as_of).alias("days_ago")
    )
    return Searches(tuple(queries), lines)
