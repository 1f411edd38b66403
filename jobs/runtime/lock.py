"""One writer of a warehouse at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from jobs.runtime.errors import ConfigurationError, Refused


@contextmanager
def only_writer(folder: Path, run: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Holds the warehouse's lock for `run`. Raises Refused, which names the run that holds it, when that is for longer
    than `wait_seconds`; ConfigurationError when it cannot be made.

    The lock is a file of the operating system, so it ends with the process, however that ends.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".lock").touch()
    except OSError as error:
        raise ConfigurationError(
            f"The warehouse {folder} cannot be written ({error.strerror}).",
            "Set warehouse to a folder that you may write.",
        ) from error
    lock, holder = FileLock(folder / ".lock"), folder / ".writer"
    try:
        with lock.acquire(timeout=wait_seconds):
            holder.write_text(f"{run}, process {os.getpid()}", encoding="utf-8")
            yield
    except Timeout as error:
        by = holder.read_text(encoding="utf-8") if holder.exists() else "it does not say which"
        raise Refused(f"Another run is writing {folder}: {by}.", "Wait until it has ended, or stop it.") from error
