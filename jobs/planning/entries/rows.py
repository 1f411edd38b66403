"""The entries of lists as rows of exposure_scores."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from jobs.planning.context_pairs import Pairs
from jobs.planning.entries.reasons import Words, reasons_of_entries
from model.exposure.draws import Draws
from model.exposure.problem import Problem
from model.exposure.shard_lists import Entries

LIST_COLUMNS = {
    "user_id": pa.string(),
    "rank": pa.int32(),
    "item_id": pa.string(),
    "score": pa.float64(),
    "relevance": pa.float64(),
    "value": pa.float64(),
    "boost": pa.float64(),
    "exposure": pa.float64(),
    "propensity": pa.float64(),
    "reason": pa.string(),
}
DRAW_COLUMNS = {
    "user_id": pa.string(),
    "item_id": pa.string(),
    "relevance": pa.float64(),
    "propensity": pa.float64(),
    "is_drawn": pa.bool_(),
    "weight": pa.float64(),
}
_IN_SPARK = {pa.string(): "string", pa.int32(): "int", pa.float64(): "double", pa.bool_(): "boolean"}


def _schema(columns: dict[str, pa.DataType]) -> str:
    return ", ".join(f"{name} {_IN_SPARK[kind]}" for name, kind in columns.items())


LIST_SCHEMA, DRAW_SCHEMA = _schema(LIST_COLUMNS), _schema(DRAW_COLUMNS)


def list_rows(words: Words, pairs: Pairs, problem: Problem, entries: Entries, planned: np.ndarray) -> pa.StructArray:
    """The entries of lists in the columns of exposure_scores, LIST_COLUMNS.

    pairs, problem, entries: of the same contexts; planned: float64 (pairs), the relaxed plan
    """
    pair = entries.pair
    item = pairs.item[pair]
    boost, value = 0.0 - entries.price, problem.value[pair]
    columns = {
        "user_id": pairs.context_ids[entries.user],
        "rank": entries.rank + 1,
        "item_id": words.item_ids[item],
        "score": value + boost,
        "relevance": pairs.relevance[pair],
        "value": value,
        "boost": boost,
        "exposure": planned[pair],
        "propensity": entries.propensity,
        "reason": reasons_of_entries(words, pairs, entries),
    }
    arrays = [pa.array(columns[name], kind) for name, kind in LIST_COLUMNS.items()]
    return pa.StructArray.from_arrays(arrays, names=list(LIST_COLUMNS))


def draw_rows(item_ids: np.ndarray, pairs: Pairs, draws: Draws) -> pa.StructArray:
    """The record of the draws in the columns of exploration_draws, DRAW_COLUMNS. pairs, draws: of the same contexts"""
    columns = {
        "user_id": pairs.context_ids[draws.user],
        "item_id": item_ids[pairs.item[draws.pair]],
        "relevance": pairs.relevance[draws.pair],
        "propensity": draws.propensity,
        "is_drawn": draws.drawn,
        "weight": draws.weight,
    }
    arrays = [pa.array(columns[name], kind) for name, kind in DRAW_COLUMNS.items()]
    return pa.StructArray.from_arrays(arrays, names=list(DRAW_COLUMNS))
