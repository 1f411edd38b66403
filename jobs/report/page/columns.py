"""Columns of a text on the console, where a Chinese character is as wide as two Latin ones."""

from __future__ import annotations

from unicodedata import east_asian_width


def width(text: str) -> int:
    """The columns that a text takes."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def left(text: str, columns: int) -> str:
    """The text with spaces after it up to a number of columns."""
    return text + " " * (columns - width(text))


def right(text: str, columns: int) -> str:
    """The text with spaces before it up to a number of columns."""
    return " " * (columns - width(text)) + text
