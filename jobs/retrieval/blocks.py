"""Arrow batches of shoppers to the arrays that `model.retrieval` takes, on the driver and on workers alike."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa

from jobs.runtime.executor_files import shipped_array
from model.retrieval.catalogue import Catalogue
from model.retrieval.shoppers import Shoppers


def shoppers_of(table: pa.Table, als_width: int = 0, text_width: int = 0) -> Shoppers:
    """Shoppers from the columns of `features.collaborative.purchases.shopper_arrays`, in the order of user_id.

    The widths are those of the factors and embeddings; a shopper without them gets zeros.
    """
    ordered = table.combine_chunks().sort_by("user_id")
    items = _flat(ordered, "items")
    start = np.concatenate([[0], np.cumsum(_lengths(ordered, "items"))]).astype(np.int64)
    return Shoppers(
        user_ids=ordered["user_id"].to_numpy(zero_copy_only=False).astype(str),
        start=start,
        item=items.astype(np.int32),
        days_ago=_flat(ordered, "days").astype(np.float32),
        store=_flat(ordered, "stores").astype(np.int32),
        als=_matrix(ordered, "factors", als_width),
        text=_matrix(ordered, "text", text_width),
    )


def _column(table: pa.Table, name: str) -> pa.Array:
    column = table[name].combine_chunks()
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column


def _flat(table: pa.Table, name: str) -> np.ndarray:
    return _column(table, name).flatten().to_numpy(zero_copy_only=False)


def _lengths(table: pa.Table, name: str) -> np.ndarray:
    return _column(table, name).value_lengths().to_numpy(zero_copy_only=False)


def _matrix(table: pa.Table, name: str, width: int) -> np.ndarray:
    column = _column(table, name)
    matrix = np.zeros((len(column), width), dtype=np.float32)
    if width:
        present = column.is_valid().to_numpy(zero_copy_only=False)
        matrix[present] = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
    return matrix


@lru_cache(maxsize=1)
def shipped_catalogue(name: str) -> Catalogue:
    """On a worker: the catalogue that was shipped under this name, memory-mapped, cached for the worker's lifetime."""
    return Catalogue.from_arrays(lambda key: shipped_array(name, key))
