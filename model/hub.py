"""Models of the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


def from_hub(source: str, load: Callable[[str, bool], T], what: str, key: str) -> T:
    """What `load` makes of a model on the hub: of the hub's cache if that has it, else downloaded.

    load: takes the source, and whether only local files may be read. Raises ValueError with the remedy, naming `what`
    it is and the `key` of the configuration, when it cannot be downloaded.
    """
    # A night needs the network once, and never gets another revision.
    with suppress(OSError, ValueError):
        return load(source, True)
    try:
        return load(source, False)
    except Exception as error:  # the hub's client raises OSError, its own errors and those of its HTTP library
        raise ValueError(
            f"The {what} {source!r} cannot be downloaded from the Hugging Face hub ({first_line(error)}). Check its "
            f"name and the network, or set {key} to a local folder or to package:NAME/FOLDER."
        ) from error


def first_line(error: Any) -> str:
    """The first line of an error's message that is not empty, its class where there is none."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]
