"""A file that readers find as it was or as it is to be, whatever happens to the writer."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomically(place: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Puts content (text as UTF-8) in place by a rename, so that neither a kill nor a power failure leaves half of it.

    mode: permissions before the umask. A process that dies leaves at most a hidden file beside it. Raises OSError.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(place)
    finally:
        half.unlink(missing_ok=True)
    _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    """Makes a rename outlast a power failure (rename(2) and fsync(2) of the folder)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
