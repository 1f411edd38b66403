"""Atomic files of a local disk: readers find the old content or the new, even if the writer dies."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write_atomically(place: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Replaces a file by a rename, so that neither a kill nor a power failure leaves half of it.

    content: bytes, or text, which is written as UTF-8
    mode: permissions before the umask

    A process that dies leaves at most a hidden file in the same folder. Raises OSError.
    """
    partial = _partial(place, content, mode)
    try:
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(place.parent)


def create_atomically(place: Path, content: str | bytes, mode: int = 0o666) -> bool:
    """Writes a file that does not exist yet, with its content from the start; False if it exists.

    Of several processes, on hosts that share the disk as well, exactly one gets True: a hard link never replaces a
    file. Raises OSError, also for a disk without hard links.
    """
    partial = _partial(place, content, mode)
    try:
        os.link(partial, place)
    except FileExistsError:
        return False
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(place.parent)
    return True


def _partial(place: Path, content: str | bytes, mode: int) -> Path:
    """Writes the content to a hidden file in the same folder."""
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f".{place.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return partial


def _sync_folder(folder: Path) -> None:
    """Makes a rename in the folder survive a power failure (fsync(2) of the folder)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
