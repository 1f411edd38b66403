"""Feast says at every start that its Spark source is experimental; nobody can act on it."""

from __future__ import annotations

import warnings

import feast  # noqa: F401 - its import puts a filter of its own first; ours has to come after it


def hush_feast() -> None:
    """Silences that one warning."""
    warnings.filterwarnings("ignore", message="The spark data source API is an experimental feature")
