"""Locks of a warehouse: one writer of its tables, one stream of its live tables, one change of Feast's registry.

A path without scheme is of one host, where the operating system locks and releases when the process ends, however it
ends. Under a URI the lock is a lease, since drivers of several hosts may write there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from jobs.runtime.errors import FAILED, ConfigurationError, LongtailError, Refused
from jobs.runtime.lease import Busy, Lease, lease_seconds
from jobs.runtime.logs import warning
from jobs.runtime.storage import Storage

WRITER, STREAM, REGISTRY = "writer", "stream", "registry"
REGISTRY_WAIT_SECONDS = 60.0  # a change of the registry takes a fraction of a second
_REGISTRY_LEASE_SECONDS = 30.0  # so that within the wait a dead holder's lock ends
_LOCAL_FOLDERS = {WRITER: "", STREAM: "streaming", REGISTRY: "feast"}
_WAIT = "Wait until it has ended, or stop it."
_HELD: dict[tuple[str, str], Lease] = {}  # by root and name: the leases of this process


class Hold(Protocol):
    """A lock that is held. `check` raises LongtailError if it was lost: called before each write that it guards."""

    def check(self) -> None: ...


class _LocalHold:
    def check(self) -> None:
        """The operating system takes no lock away."""


@contextmanager
def only_writer(
    files: Storage, run: str, wait_seconds: float = 0.0, name: str = WRITER, remedy: str = _WAIT
) -> Iterator[Hold]:
    """Holds a lock of a warehouse for a run.

    files: of the warehouse
    run: the holder's name, shown to others that want the lock
    wait_seconds: how long to wait for another holder
    name: WRITER, or STREAM for the tables of live counts, which the stream writes next to the nights
    remedy: what the error says to do

    Raises Refused with the name of the holder if the wait is over, ConfigurationError if a local folder cannot be
    written, LongtailError if a shared lock was lost and the run failed therefore.
    """
    held = (
        _leased(files, name, run, wait_seconds, remedy)
        if files.shared
        else _locked(Path(files.root) / _LOCAL_FOLDERS[name], run, wait_seconds, remedy)
    )
    with held as hold:
        yield hold


@contextmanager
def only_registrar(files: Storage, wait_seconds: float = REGISTRY_WAIT_SECONDS) -> Iterator[Hold]:
    """Holds the lock of Feast's registry, for a change that reads the registry and then writes it.

    The stream runs next to the nights and takes no lock of their tables; without this lock the later of two such
    changes would undo the earlier. It is not reentrant. Raises LongtailError if another process holds it for longer
    than `wait_seconds`.
    """
    try:
        with only_writer(files, "a change of the registry", wait_seconds, REGISTRY) as hold:
            yield hold
    except _Held as error:
        raise LongtailError(
            f"Another process has been changing the registry of {files.root} for {wait_seconds:g} seconds.",
            "Run it again to complete it.",
        ) from error


def require_lock(files: Storage, name: str) -> None:
    """Raises LongtailError unless this process holds a lock of a shared warehouse now: two writers would lose commits.

    On a local warehouse commits of two processes do not pass each other, so that nothing is required there.
    """
    if not files.shared:
        return
    lease = _HELD.get((files.root, name))
    if lease is None:
        raise LongtailError(
            f"This process does not hold the {name} lock of {files.root}, so it may not write there.",
            "Run the step by its command, which takes the lock.",
        )
    lease.check()


class _Held(Refused):
    """The wait for another holder is over."""


@contextmanager
def _locked(folder: Path, run: str, wait_seconds: float, remedy: str) -> Iterator[Hold]:
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
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        name = holder.read_text(encoding="utf-8") if holder.exists() else "it has not written its name yet"
        raise _Held(f"Another run is writing {folder}: {name}.", remedy) from error
    try:
        try:
            holder.write_text(f"{run}, process {os.getpid()}", encoding="utf-8")
        except OSError as error:
            raise LongtailError(
                f"The warehouse {folder} cannot be written ({error.strerror}).",
                "Free disk space or allow writing, then run it again. Nothing was changed.",
            ) from error
        yield _LocalHold()
    finally:
        lock.release()


@contextmanager
def _leased(files: Storage, name: str, run: str, wait_seconds: float, remedy: str) -> Iterator[Hold]:
    seconds = lease_seconds() if name != REGISTRY else min(lease_seconds(), _REGISTRY_LEASE_SECONDS)
    # A change of the registry is one short write, which publish may repeat; its lease is shorter than a slow answer.
    on_end = _end_process if name != REGISTRY else lambda: None
    lease = Lease(files, f"lock/{name}", run, seconds, cancel_jobs, on_end)
    try:
        lease.acquire(wait_seconds)
    except Busy as busy:
        end = f"If its driver died, its lock ends after {busy.holder.seconds_if_dead:.0f} s."
        raise _Held(f"Another run is writing {files.root}: {busy.holder}.", f"{remedy} {end}") from busy
    _HELD[files.root, name] = lease
    try:
        yield lease
    except LongtailError:
        raise
    except Exception as error:
        if lease.error is not None:  # the jobs that were cancelled fail by another name
            raise lease.error from error
        raise
    finally:
        del _HELD[files.root, name]
        lease.release()


def cancel_jobs() -> None:
    """Cancels what Spark runs: a job of a run that lost its lock would end in a commit."""
    from pyspark import SparkContext

    context = SparkContext._active_spark_context
    if context is not None:
        context.cancelAllJobs()


def _end_process() -> None:
    """Ends Java and this process at once: a commit that hangs in Java would be sent again when the next writer writes.

    S3A repeats a request that was not answered in time, and nothing but the end of Java stops it.
    """
    from py4j.protocol import Py4JError
    from pyspark import SparkContext

    warning("the process ends, since a write may hang: each table is as its last commit left it; run it again")
    context = SparkContext._active_spark_context
    if context is not None and context._jvm is not None:
        with suppress(Py4JError, OSError):  # Java does not answer any more once it has ended
            context._jvm.java.lang.Runtime.getRuntime().halt(FAILED)
    os._exit(FAILED)
