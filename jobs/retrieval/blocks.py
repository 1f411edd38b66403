"""Arrow batches of shoppers to the arrays that `model.retrieval` takes, on the driver and on workers alike."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa

from jobs.runtime.executor_files import shipped_array
from model.retrieval.catalogue import Catalogue
from model.retrieval.shoppers import EventLines, Shoppers

_ITEMS = "_items"  # ends the name of a column with the items of a signal


def shoppers_of(table: pa.Table, als_width: int = 0, text_width: int = 0) -> Shoppers:
    """Shoppers from the columns of `features.collaborative.purchases.shopper_arrays`, in the order of user_id.

    The widths are those of the factors and embeddings; a shopper without them gets zeros. Columns of
    `features.collaborative.signals.event_lists`, if there are any, become `Shoppers.events`.
    """
    ordered = table.combine_chunks().sort_by("user_id")
    items = _flat(ordered, "items")
    return Shoppers(
        user_ids=ordered["user_id"].to_numpy(zero_copy_only=False).astype(str),
        start=_starts(ordered, "items"),
        item=items.astype(np.int32),
        days_ago=_flat(ordered, "days").astype(np.float32),
        store=_flat(ordered, "stores").astype(np.int32),
        als=_matrix(ordered, "factors", als_width),
        text=_matrix(ordered, "text", text_width),
        events={
            name.removesuffix(_ITEMS): _lines(ordered, name.removesuffix(_ITEMS))
            for name in ordered.column_names
            if name.endswith(_ITEMS)
        },
    )


def _lines(table: pa.Table, signal: str) -> EventLines:
    items, days = _flat(table, f"{signal}{_ITEMS}"), _flat(table, f"{signal}_days")
    return EventLines(_starts(table, f"{signal}{_ITEMS}"), items.astype(np.int32), days.astype(np.float32))


def _starts(table: pa.Table, name: str) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(_lengths(table, name))]).astype(np.int64)


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
