"""Writes the rows of one view into one colour."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pandas as pd
from feast import FeatureStore, FeatureView

from jobs.online.encoding import encode_column, encode_keys
from jobs.online.fields import OnlineView
from jobs.online.sqlite_store import NightSqliteOnlineStore

BATCH = 10_000  # entities that Feast's own writer converts at a time


def replace_rows(store: FeatureStore, view: OnlineView, coloured: FeatureView, rows: pd.DataFrame, as_of: date) -> None:
    """Clears the coloured view and writes the rows with the event time as_of 00:00 UTC.

    SQLite takes whole columns in one transaction; other stores take Feast's own writer, batch by batch.
    """
    event_time = datetime.combine(as_of, time(), UTC)
    online = store.provider.online_store
    if isinstance(online, NightSqliteOnlineStore):
        keys = encode_keys(view.join_key, rows[view.join_key].tolist(), store.config.entity_key_serialization_version)
        columns = {field.name: encode_column(rows[field.name], field) for field in coloured.features}
        online.replace_rows(store.config, coloured, keys, columns, event_time)
        return
    online.update(store.config, [coloured], [], [], [], partial=True)
    timed = rows.assign(**{view.timestamp: event_time})
    for start in range(0, len(timed), BATCH):
        store.write_to_online_store(coloured.name, timed.iloc[start : start + BATCH].reset_index(drop=True))
