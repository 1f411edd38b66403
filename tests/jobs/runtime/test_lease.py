"""The lock of a shared warehouse, on a folder that is reached by a file: URI."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.runtime.errors import FAILED, ConfigurationError, LongtailError, Refused
from jobs.runtime.lease import Lease, lease_seconds
from jobs.runtime.lock import WRITER, only_writer, require_lock
from jobs.runtime.storage import LocalStorage, storage_of
from tests.jobs.runtime.lease_contract import SECONDS, LeaseContract

HOLDER = """
import sys, time
from jobs.runtime.lock import only_writer
from jobs.runtime.storage import storage_of
with only_writer(storage_of(sys.argv[1]), "first"):
    print("held", flush=True)
    time.sleep(60)
"""


class TestFileUri(LeaseContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> str:
        return tmp_path.as_uri()


@pytest.fixture
def uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LONGTAIL_LEASE_SECONDS", str(SECONDS))
    return tmp_path.as_uri()


@pytest.fixture
def holder(uri: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, uri], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_killed_process_loses_its_lock_after_the_lease(uri: str, holder: subprocess.Popen[str]) -> None:
    files = storage_of(uri)
    time.sleep(1.5 * SECONDS)  # it lives and renews
    with pytest.raises(Refused, match=f"first, process {holder.pid}"), only_writer(files, "second"):
        pass
    holder.kill()
    with pytest.raises(Refused, match=f"first, process {holder.pid}"), only_writer(files, "second"):
        pass
    began = time.monotonic()
    with only_writer(files, "second", wait_seconds=30):
        assert time.monotonic() - began > SECONDS / 2


def test_a_suspended_process_is_overtaken_and_may_not_write(uri: str, holder: subprocess.Popen[str]) -> None:
    files = storage_of(uri)
    os.kill(holder.pid, signal.SIGSTOP)
    with only_writer(files, "second", wait_seconds=30):
        os.kill(holder.pid, signal.SIGCONT)
        time.sleep(SECONDS)
        require_lock(files, WRITER)  # the first renewed nothing but its own number
        assert files.read("lock/writer/2.json") is not None


class _Hanging(LocalStorage):
    """A storage whose writes hang once `hang` is set."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.hang, self.go_on = threading.Event(), threading.Event()

    def write(self, name: str, content: str | bytes, *, private: bool = False) -> None:
        if self.hang.is_set():
            self.go_on.wait(10)
        super().write(name, content, private=private)


def test_a_holder_whose_renewal_hangs_loses_the_lock_before_its_lease_ends(uri: str) -> None:
    files, lost = _Hanging(uri), threading.Event()
    lease = Lease(files, "lock/writer", "first", SECONDS, lost.set)
    lease.acquire(0)
    lease.check()
    files.hang.set()
    assert lost.wait(SECONDS)
    with pytest.raises(LongtailError, match="its driver could not renew it in time"):
        lease.check()
    files.go_on.set()
    lease.release()
    with only_writer(files, "second", wait_seconds=30):
        pass


def test_one_failed_renewal_is_repeated(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files, failures = LocalStorage(uri), iter([OSError("slow down")] * 2)
    write = files.write

    def failing(name: str, content: str | bytes, *, private: bool = False) -> None:
        for error in failures:
            raise error
        write(name, content, private=private)

    monkeypatch.setattr(files, "write", failing)
    with only_writer(files, "first") as hold:
        time.sleep(1.5 * SECONDS)
        hold.check()


def test_a_release_that_fails_hides_no_error_of_the_run(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = LocalStorage(uri)

    def failing(*arguments: object, **options: object) -> None:
        raise OSError("gone")

    def run() -> None:
        with only_writer(files, "first"):
            monkeypatch.setattr(files, "write", failing)
            raise ValueError("of the run")

    with pytest.raises(ValueError, match="of the run"):
        run()


@pytest.mark.parametrize("text", ["soon", "0", "-3", "nan"])
def test_a_lease_that_is_no_time_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_LEASE_SECONDS", text)
    with pytest.raises(ConfigurationError, match=f"LONGTAIL_LEASE_SECONDS is '{text}'. Set it to 2 seconds or more"):
        lease_seconds()


def test_a_local_warehouse_needs_no_lease(tmp_path: Path) -> None:
    require_lock(storage_of(str(tmp_path)), WRITER)


HANGING = """
import sys, time
from jobs.runtime.lock import only_writer
from jobs.runtime.storage import LocalStorage, storage_of

class Unreachable(LocalStorage):
    def write(self, *arguments, **options):
        time.sleep(60)

with only_writer(Unreachable(sys.argv[1]), "first"):
    print("held", flush=True)
    time.sleep(60)  # a commit that the store does not answer
"""


def test_a_process_that_hangs_after_it_lost_its_lock_ends_before_another_has_it(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGTAIL_LEASE_SECONDS", str(2 * SECONDS))
    with subprocess.Popen([sys.executable, "-c", HANGING, uri], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with only_writer(storage_of(uri), "second", wait_seconds=30):
            assert process.poll() == FAILED
