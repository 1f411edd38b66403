"""Encoding of one block of texts on a worker: the encoder is loaded once in each Python process."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from jobs.runtime.executor_files import shipped_folder
from jobs.runtime.tasks import task_gpu

if TYPE_CHECKING:
    from model.text.encoder import Encoder

Side = Literal["items", "users", "queries"]


@dataclass(frozen=True)
class Device:
    """Where tasks encode: on the GPU that Spark gave to the task if `of_task`, on `otherwise` (cpu, cuda) if none."""

    otherwise: str
    of_task: bool

    def name(self) -> str:
        """In a task: its device."""
        return (task_gpu() if self.of_task else None) or self.otherwise


def encode_block_with(
    encoder: str, side: Side, batch_size: int, device: Device, threads: int
) -> Callable[[pa.Table], pa.Table]:
    """A function for `groupBy("block").applyInArrow`: rows with `text` and `block` to rows with `embedding` instead.

    The rows are put in the order of their texts, so that the batches, and with them the last digits of the vectors,
    depend on the texts of the block alone.

    encoder: name under which its folder was sent to the executors
    threads: cores of a task
    """

    def encode_block(block: pa.Table) -> pa.Table:
        rows = block.sort_by("text")
        loaded = _encoder(encoder, device.name())
        encode = {"items": loaded.encode_items, "users": loaded.encode_users, "queries": loaded.encode_queries}[side]
        vectors = encode(rows["text"].to_pylist(), batch_size, threads=threads)
        offsets = np.arange(len(vectors) + 1, dtype=np.int32) * vectors.shape[1]
        return rows.drop_columns("block").append_column("embedding", pa.ListArray.from_arrays(offsets, vectors.ravel()))

    return encode_block


@lru_cache(maxsize=1)
def _encoder(name: str, device: str) -> Encoder:
    with without_collection():
        # Imported here: torch and transformers are most of what a worker loads.
        from model.text.encoder import Encoder

        return Encoder.load(shipped_folder(name), device)


@contextmanager
def without_collection() -> Iterator[None]:
    """Pauses the garbage collector: it would go through thousands of modules again and again, and none is garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
