"""Atomic file replacement: readers find the old content or the new, even if the writer dies."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomically(place: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Replaces a file by a rename, so that neither a kill nor a power failure leaves half of it.

    content: bytes, or text, which is written as UTF-8
    mode: permissions before the umask

    A process that dies leaves at most a hidden file in the same folder. Raises OSError.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    """Makes a rename in the folder survive a power failure (fsync(2) of the folder)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
