"""Servers as processes of their own: started, awaited, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 120.0


class Process:
    """A process in a session of its own, with its output in a file."""

    def __init__(
        self, command: Sequence[object], log: Path, environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:  # fmt: skip
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(word) for word in command], stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env={**os.environ, **(environment or {})}, cwd=folder, start_new_session=True,
            )  # fmt: skip

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def wait_until(self, condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
        """Raises AssertionError with the end of the output if the process ends first or the time is over."""
        until = time.monotonic() + seconds
        while not condition():
            assert not self.has_ended, f"{what}: the process ended\n{self.output[-4000:]}"
            assert time.monotonic() < until, f"{what}: not within {seconds:g} s\n{self.output[-4000:]}"
            time.sleep(0.05)

    def wait(self, seconds: float) -> int:
        """Waits for the end and returns the exit code; raises AssertionError with the output if the time is over."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {seconds:g} s\n{self.output[-4000:]}") from None

    def kill(self) -> None:
        """Ends the process and its children at once, as a machine that fails."""
        if not self.has_ended:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Asks the process to end; ends it and its children at once if it has not after ten seconds."""
        if not self.has_ended:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def running(process: Process) -> Iterator[Process]:
    """Stops the process at the end of the block."""
    try:
        yield process
    finally:
        process.stop()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(port: int) -> Callable[[], bool]:
    """Whether something accepts connections at the port."""

    def accepts() -> bool:
        with socket.socket() as client:
            client.settimeout(1)
            return client.connect_ex(("127.0.0.1", port)) == 0

    return accepts
