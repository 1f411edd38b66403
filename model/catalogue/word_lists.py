"""Lists of words in the source."""

from __future__ import annotations


def words_of(text: str) -> frozenset[str]:
    """The words of a text with blanks between them."""
    return frozenset(text.split())
