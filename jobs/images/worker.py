"""Vectors of one block of pictures on a worker: the model is loaded once in each Python process."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from jobs.encoder.worker import Device, without_collection
from jobs.runtime.executor_files import shipped_folder

if TYPE_CHECKING:
    from model.images.encoder import ImageEncoder


def encode_block_with(
    model: str, dimension: int, batch_size: int, most_pixels: int, device: Device, threads: int
) -> Callable[[pa.Table], pa.Table]:
    """A function for `groupBy("block").applyInArrow`: path, content_hash, content to path, content_hash, embedding,
    mask_reason.

    Of equal contents one is computed. A row without content has neither vector nor reason.

    model: name under which its folder was sent to the executors
    threads: cores of a task
    """

    def encode_block(block: pa.Table) -> pa.Table:
        rows = block.combine_chunks()
        hashes = rows["content_hash"].to_pylist()
        first = {content_hash: place for place, content_hash in reversed(list(enumerate(hashes)))}
        vectors, reasons = dict[str, np.ndarray](), dict[str, str]()
        distinct = sorted(first)
        for start in range(0, len(distinct), batch_size):
            contents = {key: rows["content"][first[key]].as_py() for key in distinct[start : start + batch_size]}
            of_batch, unusable = _encoded(
                _encoder(model, dimension, device.name()),
                {key: content for key, content in contents.items() if content is not None},
                most_pixels,
                threads,
            )
            vectors |= of_batch
            reasons |= unusable
        return pa.table(
            {
                "path": rows["path"],
                "content_hash": rows["content_hash"],
                "embedding": pa.array([vectors.get(key) for key in hashes], pa.list_(pa.float32())),
                "mask_reason": pa.array([reasons.get(key) for key in hashes], pa.string()),
            }
        )

    return encode_block


def _encoded(
    encoder: ImageEncoder, contents: dict[str, bytes], most_pixels: int, threads: int
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The vectors and the reasons of one batch."""
    from model.images.reading import UnusableError, read_picture

    pictures, reasons = {}, {}
    for key, content in contents.items():
        try:
            pictures[key] = read_picture(content, most_pixels)
        except UnusableError as error:
            reasons[key] = error.reason
    vectors = encoder.encode(list(pictures.values()), max(len(pictures), 1), threads)
    return dict(zip(pictures, vectors, strict=True)), reasons


@lru_cache(maxsize=1)
def _encoder(model: str, dimension: int, device: str) -> ImageEncoder:
    with without_collection():
        # Imported here: torch and transformers are most of what a worker loads.
        from model.images.encoder import ImageEncoder

        return ImageEncoder(str(shipped_folder(model)), dimension, device)
