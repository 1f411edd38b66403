"""The error of a fit that finds no response to learn from, which a young store has instead of a fault."""

from __future__ import annotations


class NoResponseError(ValueError):
    """There is no response in a period, so nothing can be fitted or compared on it."""
