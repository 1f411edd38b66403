"""Reads a colour back through Feast, as any reader would, and compares it with Delta."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from feast import FeatureStore, FeatureView

from jobs.online.fields import OnlineView
from jobs.runtime.errors import LongtailError

AUDITED_ITEMS = 2_000  # spread evenly over the sorted identifiers; all where there are no more. Shoppers: all.
_BATCH = 500  # entities a read


def audit(store: FeatureStore, view: OnlineView, coloured: FeatureView, rows: pd.DataFrame) -> int:
    """Compares every field of all shoppers or of a sample of items; returns the number of entities compared.

    Values are compared, not Feast's status: a store may call a missing entity present. Raises LongtailError naming
    view and feature when a value differs.
    """
    expected = rows if view.entity == "user" else sample(rows)
    for start in range(0, len(expected), _BATCH):
        batch = expected.iloc[start : start + _BATCH]
        read = store.get_online_features(
            features=[f"{coloured.name}:{name}" for name in view.field_names],
            entity_rows={view.join_key: batch[view.join_key].tolist()},
        ).to_dict()
        for name in view.field_names:
            for wanted, found in zip(batch[name], read[name], strict=True):
                if not _equal(wanted, found):
                    raise LongtailError(
                        f"The audit of {coloured.name} failed: {name} is read as {found!r}, Delta holds {wanted!r}.",
                        "Readers still see the last night; run publish again.",
                    )
    return len(expected)


def sample(rows: pd.DataFrame, size: int = AUDITED_ITEMS) -> pd.DataFrame:
    """At most `size` rows, evenly spread, the first and the last among them."""
    if len(rows) <= size:
        return rows
    return rows.iloc[np.linspace(0, len(rows) - 1, size).astype(int)]


def _equal(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, np.ndarray | list):
        return found is not None and list(wanted) == list(found)
    return bool(wanted == found)
