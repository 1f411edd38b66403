"""Scoring of one block on a worker: the model is loaded once in each Python process."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import DoubleType, StructField, StructType

from features.contract import RELEVANCE
from jobs.relevance.blocks import block_of
from jobs.runtime.executor_files import shipped_array, shipped_folder
from jobs.runtime.tasks import task_gpu
from model.fusion.causes import named
from model.fusion.ranker import EncodedItems
from model.scorer import Scorer
from model.text.device import torch_threads

_OF_RELEVANCE = {field.name: field for field in RELEVANCE.schema}
SCORED = StructType([
    _OF_RELEVANCE["user_id"],
    _OF_RELEVANCE["item_id"],
    StructField("log_odds", DoubleType(), False),  # of a response, before the shift of the date
    StructField("level", DoubleType(), False),  # of the shopper, the same for all candidates
    _OF_RELEVANCE["top_reasons"],
])  # fmt: skip


def score_block_with(
    model: str, item_side: str, threads: int
) -> Callable[[tuple[object, ...], pa.Table, pa.Table], pa.Table]:
    """A function for `cogroup(…).applyInArrow`: (key, rows of candidates, rows of shoppers) to rows of SCORED.

    model, item_side: names under which they were sent to the executors
    threads: cores of a task
    """

    def score_block(key: tuple[object, ...], candidates: pa.Table, shoppers: pa.Table) -> pa.Table:
        if not len(candidates):
            return to_arrow_schema(SCORED).empty_table()
        with torch_threads(threads):
            return scored(candidates, shoppers, _model(model, task_gpu() or "cpu"), *_item_side(item_side))

    return score_block


def scored(
    candidates: pa.Table, shoppers: pa.Table, scorer: Scorer, item_ids: pa.Array, items: EncodedItems
) -> pa.Table:
    """Rows of SCORED in the order of `candidates`; top_reasons are up to three of `causes.named`."""
    _, flat, block = block_of(candidates, shoppers, item_ids, scorer.ranker.inputs)
    place = flat.to_numpy()
    log_odds, level = scorer.log_odds(block, items)
    reasons = scorer.reasons(block, items)
    columns = [
        candidates["user_id"],
        candidates["item_id"],
        pa.array(log_odds.reshape(-1)[place]),
        pa.array(level[place // log_odds.shape[1]]),
        _names(reasons.reshape(-1, reasons.shape[2])[place], named(scorer.ranker.inputs.terms)),
    ]
    return pa.Table.from_arrays(columns, names=SCORED.names).cast(to_arrow_schema(SCORED))


def _names(reasons: np.ndarray, terms: tuple[str, ...]) -> pa.ListArray:
    present = reasons >= 0
    offsets = np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pc.take(pa.array(terms), pa.array(reasons[present])))


@lru_cache(maxsize=1)
def _model(name: str, device: str) -> Scorer:
    scorer = Scorer.load(shipped_folder(name))
    scorer.ranker.to(device)
    return scorer


@lru_cache(maxsize=1)
def _item_side(name: str) -> tuple[pa.Array, EncodedItems]:
    ids = pa.array(shipped_array(name, "item_ids"), pa.string())
    return ids, EncodedItems(*(shipped_array(name, key) for key in ("text", "features", "text_row")))
