"""Writes the rows of one view into one colour."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pandas as pd
from feast import FeatureStore, FeatureView

from jobs.online.encoding import encode_column, encode_keys
from jobs.online.fields import OnlineView
from jobs.online.night_store import NightStore, store_failures


def replace_rows(
    store: FeatureStore,
    view: OnlineView,
    coloured: FeatureView,
    rows: pd.DataFrame,
    as_of: date,
    changed_only: bool = False,
) -> int:
    """Makes the rows all that the coloured view holds, with the event time as_of 00:00 UTC; returns the values sent.

    `changed_only` says that the view holds a whole night, so that values that are equal there need not be sent. Raises
    LongtailError with its remedy when the store is away or full.
    """
    keys = encode_keys(view.join_key, rows[view.join_key].tolist(), store.config.entity_key_serialization_version)
    columns = {field.name: encode_column(rows[field.name], field) for field in coloured.features}
    at = datetime.combine(as_of, time(), UTC)
    with store_failures(f"Writing {coloured.name}"):
        return night_store(store).replace_rows(store.config, coloured, keys, columns, at, changed_only)


def night_store(store: FeatureStore) -> NightStore:
    """The online store of a warehouse, which is one of ours."""
    online = store.provider.online_store
    assert isinstance(online, NightStore)
    return online
