"""Vectors of the contents of items: the embedding of the text followed by that of the picture."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from features.contract import ITEMS, TEXT_EMBEDDINGS
from features.point_in_time import versions_at
from jobs.execution.night import Night
from jobs.images.vectors import ImageModel, image_vectors
from jobs.runtime.errors import LongtailError
from model.fusion.ranker import RankerInputs


def read_contents(
    night: Night, as_of: date, encoder_version: str, hashes: pa.ChunkedArray, item_ids: np.ndarray, inputs: RankerInputs
) -> tuple[np.ndarray, np.ndarray]:
    """Vectors [t, text dimension + inputs.image_size] float32 and the row of each item [n], in the order of the ids.

    Items with the same text and no picture share a row, whose image part is 0, which a linear map ignores. Images are
    scaled to unit length. Raises LongtailError when a text has no embedding by the encoder.
    """
    text, row = _texts(night, hashes, encoder_version)
    if not inputs.image_size:
        return text, row
    if inputs.image_version:
        images = image_vectors(night, as_of, ImageModel(inputs.image_version, inputs.image_size))
    else:
        images = _delivered_images(night, as_of, inputs.image_size)
    return with_images(text, row, item_ids, *images)


def with_images(
    text: np.ndarray, row: np.ndarray, item_ids: np.ndarray, pictured: np.ndarray, images: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Texts [t, d] with an empty image part, and after them a row of its own for each of the `pictured` items.

    `item_ids` [n] and `pictured` [p] are sorted, `images` [p, s] belong to the latter; pictures of other items are left
    out.
    """
    place = np.searchsorted(item_ids, pictured)
    known = place < len(item_ids)
    known[known] = item_ids[place[known]] == pictured[known]
    place, images = place[known], images[known]
    length = np.linalg.norm(images, axis=1, keepdims=True)
    own = np.concatenate([text[row[place]], images / np.maximum(length, 1e-9)], axis=1)
    row = row.copy()
    row[place] = len(text) + np.arange(len(place))
    empty = np.zeros((len(text), images.shape[1]), dtype=np.float32)
    return np.concatenate([np.concatenate([text, empty], axis=1), own]).astype(np.float32), row


def _delivered_images(night: Night, as_of: date, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids [p], sorted, and the store's own embeddings [p, size] of the items that have one of that size at the date."""
    at_date = versions_at(
        night.tables.read(ITEMS).select("item_id", "valid_from", "image_embedding"), [as_of], "item_id"
    )
    pictured = at_date.where(F.size("image_embedding") == size).select("item_id", "image_embedding").toArrow()
    pictured = pictured.sort_by("item_id")
    flat = pc.list_flatten(pictured["image_embedding"]).combine_chunks().to_numpy().astype(np.float32)
    return pictured["item_id"].to_numpy().astype(str), flat.reshape(len(pictured), size)


def _texts(night: Night, hashes: pa.ChunkedArray, encoder_version: str) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings [t, d] of the distinct texts in the order of their hashes, and the row of each item."""
    distinct = pc.unique(hashes).sort()
    stored = night.tables.read(TEXT_EMBEDDINGS).where(F.col("encoder_version") == encoder_version)
    table = stored.select("text_hash", "embedding").toArrow().combine_chunks()
    place = pc.index_in(distinct, table["text_hash"].combine_chunks())
    if place.null_count:
        raise LongtailError(
            f"{place.null_count} item texts have no embedding by the encoder {encoder_version}.",
            "Run jobs/embed.py first.",
        )
    flat = pc.list_flatten(table["embedding"]).combine_chunks().to_numpy()
    row = pc.index_in(hashes, distinct).to_numpy().astype(np.int32)
    return flat.reshape(len(table), -1)[place.to_numpy()].astype(np.float32), row
