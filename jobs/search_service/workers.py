"""Requests on a few threads, with a bound on those that wait and on the time of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

T = TypeVar("T")


class BusyError(Exception):
    """More requests wait than are allowed."""


class Workers:
    """Threads that answer requests.

    threads: requests at a time; waiting: more requests that wait for one; seconds: of a request, its wait included
    """

    def __init__(self, threads: int, waiting: int, seconds: float) -> None:
        self._pool = ThreadPoolExecutor(threads, "request")
        self._most, self._seconds = threads + waiting, seconds
        self._pending, self._lock = 0, Lock()

    async def result(self, work: Callable[[], T]) -> T:
        """What the work returns. Raises BusyError at once if too many wait, TimeoutError after the time.

        Work that has begun cannot be stopped: it keeps its thread until it ends, and counts among the pending.
        """
        with self._lock:
            if self._pending >= self._most:
                raise BusyError
            self._pending += 1
        future = self._pool.submit(work)
        future.add_done_callback(self._ended)
        return await asyncio.wait_for(asyncio.wrap_future(future), self._seconds)

    def _ended(self, _: Future[T]) -> None:
        with self._lock:
            self._pending -= 1

    def close(self) -> None:
        """Ends without waiting for the work that has begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)
