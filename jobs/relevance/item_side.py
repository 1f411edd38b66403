"""The item side of one date as arrays: features, segments, texts and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from features.declarations import ITEM_FEATURES_TABLE
from jobs.execution.night import Night
from jobs.relevance.content_vectors import read_contents
from model.fusion.inputs import Items, columns_of, feature_matrix
from model.fusion.ranker import RankerInputs


@dataclass(frozen=True)
class ItemSide:
    """n items in the order of their ids; `items` has a row for each."""

    item_ids: np.ndarray  # [n] str
    segment: np.ndarray  # [n] str
    department: np.ndarray  # [n] str, first level of the category
    items: Items


def read_item_side(night: Night, as_of: date, encoder_version: str, inputs: RankerInputs) -> ItemSide:
    """What the model reads of items before `as_of`.

    Raises LongtailError when an item's text has no embedding by this encoder, and ValueError that names a feature that
    is missing.
    """
    wanted = {"item_id", "text_hash", "segment", "category", *columns_of(inputs.item_features)}
    known = [name for name in ITEM_FEATURES_TABLE.column_names if name in wanted]
    table = night.tables.read_date(ITEM_FEATURES_TABLE, as_of).select(*known).toArrow().sort_by("item_id")
    columns = {name: table[name].to_numpy() for name in known}
    item_ids = columns["item_id"].astype(str)
    text, text_row = read_contents(night, as_of, encoder_version, table["text_hash"], item_ids, inputs)
    return ItemSide(
        item_ids,
        columns["segment"].astype(str),
        np.array([str(path).partition(" > ")[0] for path in columns["category"]]),
        Items(feature_matrix(inputs.item_features, columns), text, text_row),
    )
