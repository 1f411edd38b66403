"""The lists of a plan as rows of exposure_scores and fallback_lists."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.fallback_lists import EVERYONE
from jobs.planning.entries.rows import LIST_SCHEMA
from jobs.planning.shared_lists import SharedLists


def shared_list_rows(item_ids: np.ndarray, shared: SharedLists, opted_out: DataFrame, reason: str) -> DataFrame:
    """The list that all shoppers without consent share, once for each of them, in the columns of exposure_scores.

    opted_out: user_id; reason: of every entry
    """
    items = shared.of_everyone
    value = shared.value[EVERYONE][items]
    rows = pd.DataFrame(
        {
            "rank": np.arange(len(items)) + 1,
            "item_id": item_ids[items],
            "score": value,
            "relevance": shared.relevance[EVERYONE][items],
            "value": value,
            "boost": 0.0,
            "exposure": 1.0,
            "propensity": 1.0,
            "reason": reason,
        }
    )
    schema = LIST_SCHEMA.removeprefix("user_id string, ")
    one_list = opted_out.sparkSession.createDataFrame(rows.astype({"rank": "int32"}), schema)
    return opted_out.select("user_id").crossJoin(F.broadcast(one_list))


def fallback_rows(item_ids: np.ndarray, shared: SharedLists, reason: str) -> pd.DataFrame:
    """One row an entry of a shared list, in the columns of fallback_lists. reason: of every entry"""
    parts = [
        pd.DataFrame(
            {
                "shopper_segment": segment,
                "rank": (np.arange(len(items)) + 1).astype(np.int32),
                "item_id": item_ids[items],
                "value": shared.value[segment][items],
                "relevance": shared.relevance[segment][items],
                "reason": reason,
            }
        )
        for segment, items in shared.lists.items()
    ]
    return pd.concat(parts, ignore_index=True)
