"""Checks of a caller's arguments, before the store is asked: a wrong call is its caller's error, not an outage."""

from __future__ import annotations

from collections.abc import Iterable


def one_id(value: object, name: str) -> str:
    """The id. Raises TypeError for anything but a text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is {_shown(value)}; give a text, as in the store's tables")
    return value


def optional_id(value: object, name: str) -> str:
    """The id, '' for None. Raises TypeError for anything else that is not a text."""
    return "" if value is None else one_id(value, name)


def ids(values: Iterable[object], name: str) -> list[str]:
    """The ids. Raises TypeError for a single text, and for a member that is not a text."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} is {_shown(values)}; give a list of texts")
    return [one_id(value, f"a member of {name}") for value in values]


def _shown(value: object) -> str:
    """The value's type: its content may be a shopper's id, which no log of the caller's errors should hold."""
    return "None" if value is None else f"of type {type(value).__name__}"
