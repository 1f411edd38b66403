"""Writing of a view's rows into one colour."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pandas as pd
from feast import FeatureStore, FeatureView

from jobs.online.encoding import encode_column, encode_keys
from jobs.online.fields import OnlineView
from jobs.online.night_store import night_store, store_failures


def replace_rows(
    store: FeatureStore,
    view: OnlineView,
    coloured: FeatureView,
    rows: pd.DataFrame,
    as_of: date,
    changed_only: bool = False,
) -> int:
    """Replaces all rows of the coloured view, with the event time as_of 00:00 UTC; returns the number of values sent.

    changed_only: the view holds a complete night, so that equal values need not be sent

    Raises LongtailError with its remedy when the store is unreachable or full.
    """
    keys = encode_keys(view.join_key, rows[view.join_key].tolist(), store.config.entity_key_serialization_version)
    columns = {field.name: encode_column(rows[field.name], field) for field in coloured.features}
    at = datetime.combine(as_of, time(), UTC)
    with store_failures(f"Writing {coloured.name}"):
        return night_store(store).replace_rows(store.config, coloured, keys, columns, at, changed_only)
