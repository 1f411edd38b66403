"""A circuit breaker: opens for a time after consecutive failures, then one trial decides."""

from __future__ import annotations

import logging
import threading
import time

_log = logging.getLogger("longtail.storefront")


class Breaker:
    """Counts failed calls in a row; `opened` and `closed` count its changes, which are logged."""

    def __init__(self, failures: int, open_seconds: float) -> None:
        self._limit, self._open_seconds = failures, open_seconds
        self._failures, self._until, self._opened_at, self._lock = 0, 0.0, 0.0, threading.Lock()
        self.opened = self.closed = 0

    @property
    def is_open(self) -> bool:
        """Whether no call but a trial may ask the store."""
        return self.opened > self.closed

    def allows(self) -> bool:
        """Whether a call may ask the store now; one that may while the breaker is open is its trial."""
        with self._lock:
            if not self.is_open:
                return True
            if time.monotonic() < self._until:
                return False
            self._until = time.monotonic() + self._open_seconds  # only this call, until its outcome is known
            return True

    def failed(self, error: Exception) -> None:
        """Counts a call that the store did not answer."""
        with self._lock:
            self._failures += 1
            self._until = time.monotonic() + self._open_seconds
            opens = not self.is_open and self._failures >= self._limit
            if opens:
                self.opened, self._opened_at = self.opened + 1, time.monotonic()
        if opens:
            _log.warning(
                "circuit breaker opened: %d calls in a row failed, the last with %s; next trial in %g s",
                self._limit, type(error).__name__, self._open_seconds,
            )  # fmt: skip

    def succeeded(self) -> None:
        """Counts a call that the store answered."""
        with self._lock:
            self._failures, closes = 0, self.is_open
            if closes:
                self.closed += 1
        if closes:
            _log.warning(
                "circuit breaker closed: the store answers again after %.1f s", time.monotonic() - self._opened_at
            )

    def undecided(self) -> None:
        """A call ended by an error that says nothing of the store: if it was the trial, the next call is one."""
        with self._lock:
            if self.is_open:
                self._until = time.monotonic()
