"""The end of a command by SIGTERM, which schedulers send some seconds before they kill."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from jobs.runtime import clock
from jobs.runtime.logs import TIME_OF_LINE


class Terminated(BaseException):
    """SIGTERM has come: an order from outside, as KeyboardInterrupt is."""


def _default_in_a_fork() -> None:
    """A worker that waits in C would not come to a handler in Python, and its pool would wait for it."""
    if getattr(signal.getsignal(signal.SIGTERM), "__module__", None) == __name__:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


os.register_at_fork(after_in_child=_default_in_a_fork)


@contextmanager
def ended_by_sigterm(line: Callable[[], str], cancel: Callable[[], None]) -> Iterator[None]:
    """SIGTERM raises Terminated in the main thread, so that locks and leases are released; a second one kills.

    The line goes to stderr and to the log of the run at once: what runs may end later than the scheduler waits.

    line: what to print, asked when the signal has come
    cancel: ends what other threads wait for; called in a thread of its own, since it may talk to Java
    """
    if threading.current_thread() is not threading.main_thread():  # Python allows no handler there
        yield
        return
    process, stderr = os.getpid(), os.dup(2)  # before a log takes stderr

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if os.getpid() != process:  # a worker that is just being forked
            os.kill(os.getpid(), signal.SIGTERM)
            return
        drawn = "\r\033[K" if os.isatty(stderr) else ""  # a line of progress
        text = line()
        # No logger and no print: the signal may have come while their locks are held.
        os.write(stderr, f"{drawn}{text}\n".encode())
        if not os.path.samestat(os.fstat(stderr), os.fstat(2)):  # a log has taken stderr
            os.write(2, f"{clock.now():{TIME_OF_LINE}} warning {text}\n".encode())
        threading.Thread(target=cancel, name="cancel", daemon=True).start()
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        os.close(stderr)
