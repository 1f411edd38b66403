"""Posts alerts beside what must not wait for their receiver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from types import TracebackType
from typing import Self

from jobs.alerts.alert import Alert
from jobs.runtime.logs import event


class PostingBeside:
    """One message is under way at a time; alerts that come meanwhile are posted together after it.

    So a receiver that hangs holds back one message, however many alerts come, and the end waits for two at most.
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
        """Has `post` called with these and all others that wait; what it raises is an event of the log."""
        with self._lock:
            due = not self._waiting
            self._waiting.extend(alerts)
        if due:
            self._thread.submit(self._post_waiting, post)

    def _post_waiting(self, post: Callable[[list[Alert]], None]) -> None:
        with self._lock:
            alerts, self._waiting = self._waiting, []
        try:
            post(alerts)
        except Exception as error:
            event("alerts not delivered", why=type(error).__name__)
