"""Locks: one writer of a warehouse at a time, and one of Feast's registry."""

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
    """Holds the lock of a warehouse for a run.

    run: the holder's name, shown to others that want the lock
    wait_seconds: how long to wait for another holder
    remedy: what the error says to do

    Raises Refused with the name of the holder if the wait is over, ConfigurationError if the folder cannot be written.
    The operating system releases the lock when the process ends, however it ends.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".lock").touch()
    except OSError as error:
        raise ConfigurationError(
            f"The warehouse {folder} cannot be written ({error.strerror}).",
            "Set warehouse to a folder that you can write.",
        ) from error
    lock, holder = FileLock(folder / ".lock"), folder / ".writer"
    try:
        with lock.acquire(timeout=wait_seconds):
            try:
                holder.write_text(f"{run}, process {os.getpid()}", encoding="utf-8")
            except OSError as error:
                raise LongtailError(
                    f"The warehouse {folder} cannot be written ({error.strerror}).",
                    "Free disk space or allow writing, then run it again. Nothing was changed.",
                ) from error
            yield
    except Timeout as error:
        name = holder.read_text(encoding="utf-8") if holder.exists() else "it has not written its name yet"
        raise Refused(f"Another run is writing {folder}: {name}.", remedy) from error


@contextmanager
def only_registrar(registry: Path, wait_seconds: float = REGISTRY_WAIT_SECONDS) -> Iterator[None]:
    """Holds the lock of Feast's registry, for a change that reads the file and then rewrites it.

    The stream runs next to the nights and takes no lock of the warehouse; without this lock the later of two such
    changes would undo the earlier. It is not reentrant. Raises LongtailError if another process holds it for longer
    than `wait_seconds`, OSError if it cannot be created.
    """
    registry.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(registry.with_name(f".{registry.name}.lock"))
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        raise LongtailError(
            f"Another process has been changing {registry} for {wait_seconds:g} seconds.",
            "Run it again to complete it.",
        ) from error
    try:
        yield
    finally:
        lock.release()
