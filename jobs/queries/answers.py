"""Which of the shown items shoppers chose after a query, as grades from which an order is learnt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from features.contract import EVENTS
from jobs.execution.night import Night
from model.search.graded_pairs import GradedPairs

PASSED_OVER, CHOSEN, BOUGHT = 1.0, 2.0, 3.0  # grades: shown and not chosen; clicked, viewed or put in a cart; bought
MOST_SHOWN = 100  # items of a query, those shown most often
_NO_INTEREST = ("exposure", "return", "review")  # types of events that are no choice


def graded_answers(
    night: Night, searches: DataFrame, queries: Sequence[str], vectors: np.ndarray, item_ids: np.ndarray
) -> GradedPairs:
    """Of each query the items chosen after its searches, and those that its results showed and no shopper chose.

    searches: of `searches_of`; item_ids: [n] in ascending order
    On the driver are MOST_SHOWN items of a query, and as many again that were chosen.
    """
    numbered = pd.DataFrame({"form": queries, "number": range(len(queries))})
    number = F.broadcast(night.spark.createDataFrame(numbered, "form string, number int"))
    own = searches.join(number, on="form", how="inner").select("number", "event_id", "item_id", "results").persist()
    by_event = own.where(F.col("event_id").isNotNull()).select("number", "event_id")
    events = night.tables.read(EVENTS).where(~F.col("event_type").isin(*_NO_INTEREST))
    grade = F.when(F.col("event_type") == "purchase", BOUGHT).otherwise(CHOSEN).alias("grade")
    came = by_event.join(events, on="event_id", how="inner").select("number", "item_id", grade)
    named = own.where(F.col("item_id").isNotNull()).select("number", "item_id", F.lit(CHOSEN).alias("grade"))
    shown = own.select("number", F.explode("results").alias("item_id"), F.lit(PASSED_OVER).alias("grade"))
    chosen = _most(came.unionByName(named))
    pairs = _most(shown).unionByName(chosen).groupBy("number", "item_id").agg(F.max("grade").alias("grade")).toPandas()
    own.unpersist()
    row = np.searchsorted(item_ids, pairs["item_id"].to_numpy(str)) if len(item_ids) else np.zeros(0, dtype=np.int64)
    row = np.minimum(row, len(item_ids) - 1)
    known = item_ids[row] == pairs["item_id"].to_numpy(str)
    pairs, row = pairs[known], row[known]
    order = np.lexsort((row, pairs["number"]))
    values = (pairs["number"].to_numpy()[order], row[order], pairs["grade"].to_numpy(float)[order])
    return GradedPairs(list(queries), vectors, *values)


def _most(pairs: DataFrame) -> DataFrame:
    """Of each query the MOST_SHOWN most frequent items."""
    counts = pairs.groupBy("number", "item_id").agg(F.max("grade").alias("grade"), F.count("*").alias("times"))
    in_order = Window.partitionBy("number").orderBy(F.desc("times"), "item_id")
    placed = counts.withColumn("place", F.row_number().over(in_order))
    return placed.where(F.col("place") <= MOST_SHOWN).select("number", "item_id", "grade")
