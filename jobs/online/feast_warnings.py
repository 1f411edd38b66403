"""Feast says at every start that its Spark source is experimental; nobody can act on it."""

from __future__ import annotations

import warnings

# The import of this module puts a filter of its own first, and Feast imports it late; ours has to come after it.
import feast.infra.offline_stores.contrib.spark_offline_store.spark  # noqa: F401


def hush_feast() -> None:
    """Silences that one warning."""
    warnings.filterwarnings("ignore", message="The spark data source API is an experimental feature")
