"""Silences Feast's warning at every start that its Spark source is experimental, on which no user can act."""

from __future__ import annotations

import warnings

# Feast imports this module late, and the import installs a filter that comes first; ours has to be installed after it.
import feast.infra.offline_stores.contrib.spark_offline_store.spark  # noqa: F401


def silence_feast() -> None:
    """Ignores that warning from here on."""
    warnings.filterwarnings("ignore", message="The spark data source API is an experimental feature")
