"""One writer of a warehouse at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from jobs.runtime.errors import ConfigurationError, Refused


@contextmanager
def only_writer(folder: Path, wait_seconds: float = 0.0) -> Iterator[None]:
    """Holds the warehouse's lock. Raises Refused when another run holds it for longer than `wait_seconds`,
    ConfigurationError when it cannot be made.

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
    lock = FileLock(folder / ".lock")
    try:
        with lock.acquire(timeout=wait_seconds):
            yield
    except Timeout as error:
        raise Refused(f"Another run is writing {folder}.", "Wait until it has ended, or stop it.") from error
