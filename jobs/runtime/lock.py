"""One writer of a warehouse at a time, and one of Feast's registry."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from jobs.runtime.errors import ConfigurationError, LongtailError, Refused

REGISTRY_WAIT_SECONDS = 60.0  # a change of the registry takes a fraction of a second


@contextmanager
def only_writer(
    folder: Path, run: str, wait_seconds: float = 0.0, remedy: str = "Wait until it has ended, or stop it."
) -> Iterator[None]:
    """Holds the warehouse's lock for `run`. Raises Refused, which names the run that holds it and the `remedy`, when
    that is for longer than `wait_seconds`; ConfigurationError when it cannot be made.

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
            try:
                holder.write_text(f"{run}, process {os.getpid()}", encoding="utf-8")
            except OSError as error:
                raise LongtailError(
                    f"The warehouse {folder} cannot be written ({error.strerror}).",
                    "Free some disk, or allow writing; then run it again. Nothing was changed.",
                ) from error
            yield
    except Timeout as error:
        by = holder.read_text(encoding="utf-8") if holder.exists() else "it does not say which"
        raise Refused(f"Another run is writing {folder}: {by}.", remedy) from error


@contextmanager
def only_registrar(registry: Path, wait_seconds: float = REGISTRY_WAIT_SECONDS) -> Iterator[None]:
    """Holds the lock beside Feast's registry, for a change that reads the file first and then writes all of it.

    The stream takes no lock of the warehouse, so that it may run beside the nights; without this one, the later of two
    such changes would undo the earlier. It is not to be taken twice, one inside the other. Raises LongtailError when
    another holds it for longer than `wait_seconds`, OSError when it cannot be made.
    """
    registry.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(registry.with_name(f".{registry.name}.lock"))
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        raise LongtailError(
            f"Another process has been changing {registry} for {wait_seconds:g} seconds.", "Run it again; it completes."
        ) from error
    try:
        yield
    finally:
        lock.release()
