"""Writing of a view's rows into one colour."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from feast import FeatureStore, FeatureView

from jobs.online.encoding import view_form
from jobs.online.fields import OnlineView
from jobs.online.night_store import night_store
from jobs.online.store_failures import store_failures
from jobs.online.view_rows import ViewRows


def replace_rows(
    store: FeatureStore,
    view: OnlineView,
    coloured: FeatureView,
    rows: ViewRows,
    as_of: date,
    changed_only: bool = False,
) -> int:
    """Replaces all rows of the coloured view, with the event time as_of 00:00 UTC; returns the number of values sent.

    changed_only: the view holds a complete night, so that equal values need not be sent

    Raises LongtailError with its remedy when the store is unreachable or full.
    """
    form = view_form(view.join_key, coloured, store.config.entity_key_serialization_version)
    at = datetime.combine(as_of, time(), UTC)
    with store_failures(f"Writing {coloured.name}"):
        return night_store(store).replace_rows(store.config, coloured, form, rows, at, changed_only)
