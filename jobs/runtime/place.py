"""Reads a file that a key or an option names, wherever it lies."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from jobs.runtime.storage import has_scheme, storage_of


def content_at(place: str) -> bytes:
    """The content of the file at a path or URI; a remote one needs a Spark session.

    Raises OSError, with the text of the operating system in `strerror`, where there is no such file or a local one
    cannot be read.
    """
    if not has_scheme(place):
        return Path(place).read_bytes()
    folder, _, name = place.rpartition("/")
    content = storage_of(folder).read(name)
    if content is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), place)
    return content
