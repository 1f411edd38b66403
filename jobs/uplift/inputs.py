"""What the uplift model reads of a pair, next to its relevance and its item: a few features of both sides."""

from __future__ import annotations

import pandas as pd

from model.fusion.inputs import columns_of, feature_matrix
from model.uplift.units import PairInputs

_ITEM = (
    "purchases_count_28d", "purchases_count_90d", "repeat_share_90d", "price_mean_90d", "discount_share_90d",
    "days_since_listed", "segment=tail", "segment=cold",
)  # fmt: skip
_USER = ("purchases_count_28d", "purchases_count_90d", "repeat_share_90d", "days_since_last_purchase")
FEATURE_NAMES = (*(f"item.{name}" for name in _ITEM), *(f"user.{name}" for name in _USER))
ITEM_COLUMNS, USER_COLUMNS = columns_of(_ITEM), columns_of(_USER)


def of_items(name: str) -> str:
    """The name of a column of item_features next to those of user_features."""
    return f"item_{name}"


def of_users(name: str) -> str:
    """The name of a column of user_features next to those of item_features."""
    return f"user_{name}"


def pair_inputs(rows: pd.DataFrame, item_ids: pd.Index) -> PairInputs:
    """rows: item_id, relevance, and the features under the names `of_items` and `of_users`; item_ids: of the model."""
    parts = [
        feature_matrix(names, {column: rows[prefix(column)].to_numpy() for column in columns_of(names)})
        for names, prefix in ((_ITEM, of_items), (_USER, of_users))
    ]
    features = pd.concat([pd.DataFrame(part) for part in parts], axis=1).to_numpy(dtype="float64")
    return PairInputs(
        rows["relevance"].to_numpy(dtype="float64"), item_ids.get_indexer(pd.Index(rows["item_id"])), features
    )
