"""The item side of one date as arrays: features, segments and text embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from features.contract import TEXT_EMBEDDINGS
from features.declarations import ITEM_FEATURES_TABLE
from jobs.runtime.errors import LongtailError
from jobs.runtime.night import Night
from model.fusion.inputs import Items, columns_of, feature_matrix


@dataclass(frozen=True)
class ItemSide:
    """n items in the order of their ids; `items` has a row for each."""

    item_ids: np.ndarray  # [n] str
    segment: np.ndarray  # [n] str
    department: np.ndarray  # [n] str, first level of the category
    items: Items


def read_item_side(night: Night, as_of: date, encoder_version: str, features: tuple[str, ...]) -> ItemSide:
    """What the model reads of items before `as_of`.

    Raises LongtailError when an item's text has no embedding by this encoder, and ValueError that names a feature that
    is missing.
    """
    wanted = {"item_id", "text_hash", "segment", "category", *columns_of(features)}
    known = [name for name in ITEM_FEATURES_TABLE.column_names if name in wanted]
    table = night.tables.read_date(ITEM_FEATURES_TABLE, as_of).select(*known).toArrow().sort_by("item_id")
    columns = {name: table[name].to_numpy() for name in known}
    text, text_row = _texts(night, table["text_hash"], encoder_version)
    return ItemSide(
        columns["item_id"].astype(str),
        columns["segment"].astype(str),
        np.array([str(path).partition(" > ")[0] for path in columns["category"]]),
        Items(feature_matrix(features, columns), text, text_row),
    )


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
