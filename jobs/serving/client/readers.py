"""Threads that read with a time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class Readers:
    """A pool of threads that survives a hanging store.

    An abandoned read holds its thread as long as the store hangs; once such reads hold every thread, a new pool
    replaces the old one, and reads that waited for a thread go to it.
    """

    def __init__(self, threads: int) -> None:
        self._threads, self._lock = threads, threading.Lock()
        self._begin()

    def result(self, read: Callable[[], T], seconds: float) -> T:
        """The read's result. Raises TimeoutError when it takes longer than `seconds`, and whatever it raises itself."""
        deadline = time.monotonic() + seconds
        while True:
            with self._lock:
                future, stuck = self._pool.submit(read), self._stuck
            try:
                return future.result(deadline - time.monotonic())
            except CancelledError:  # the pool was replaced before a thread took the read
                continue
            except TimeoutError:
                if not future.cancel():  # a thread runs it already
                    self._abandon(future, stuck)
                raise

    def _begin(self) -> None:
        self._pool = ThreadPoolExecutor(self._threads, "storefront")
        self._stuck: set[Future[Any]] = set()

    def _abandon(self, future: Future[Any], stuck: set[Future[Any]]) -> None:
        stuck.add(future)
        future.add_done_callback(stuck.discard)
        with self._lock:
            if stuck is self._stuck and len(stuck) >= self._threads:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._begin()
