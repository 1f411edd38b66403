"""Posts alerts in the background, for callers that must not wait for the receiver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from types import TracebackType
from typing import Self

from jobs.alerts.alert import Alert
from jobs.runtime.logs import event


class BackgroundPosting:
    """Posts one message at a time; alerts that arrive during a post are sent together in the next message.

    So a receiver that hangs holds back one message, however many alerts arrive, and leaving the context waits for two
    messages at most.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "webhook")
        self._lock = Lock()
        self._waiting: list[Alert] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.shutdown(wait=True)

    def add(self, alerts: Sequence[Alert], post: Callable[[list[Alert]], None]) -> None:
        """Queues the alerts; `post` is called with all that wait. What it raises is logged, not raised."""
        with self._lock:
            is_first = not self._waiting
            self._waiting.extend(alerts)
        if is_first:
            self._thread.submit(self._post_waiting, post)

    def _post_waiting(self, post: Callable[[list[Alert]], None]) -> None:
        with self._lock:
            alerts, self._waiting = self._waiting, []
        try:
            post(alerts)
        except Exception as error:
            event("alerts not delivered", why=type(error).__name__)
