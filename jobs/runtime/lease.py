"""A lock that drivers of several hosts share: a lease in files of a storage, which ends when its holder dies."""

from __future__ import annotations

import json
import math
import os
import re
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from threading import Event, Lock, Thread

from jobs.runtime import clock
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.logs import event, logger, warning
from jobs.runtime.storage import Storage

SECONDS_VARIABLE = "LONGTAIL_LEASE_SECONDS"
_SECONDS, _LEAST_SECONDS = 120.0, 2.0
_RENEWALS, _RETRIES = 4, 12  # in the seconds of a lease
_MARGIN = 0.25  # of the lease, before whose end the holder stops to write
_WATCHED = 1 / 3  # of the lease, during which an expired lock must not change: its holder's clock may be behind
_PATIENCE_SECONDS = 10.0  # for a renewal under way when the lock is released


def lease_seconds() -> float:
    """The seconds for which a lock is held without a renewal. Raises ConfigurationError unless it is a number."""
    text = os.environ.get(SECONDS_VARIABLE, "")
    try:
        seconds = float(text or _SECONDS)
    except ValueError:
        seconds = 0.0
    if not seconds >= _LEAST_SECONDS:
        raise ConfigurationError(
            f"{SECONDS_VARIABLE} is {text!r}.", f"Set it to {_LEAST_SECONDS:g} seconds or more, or leave it out."
        )
    return seconds


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, as its file says. `renewed_at`: ISO, UTC; `token` distinguishes two holders of one name."""

    run: str
    host: str
    process: int
    token: str
    lease_seconds: float
    renewed_at: str
    released: bool

    @property
    def seconds_if_dead(self) -> float:
        """The seconds after its last renewal after which another run has the lock, if the holder died."""
        return self.lease_seconds * (1 + _WATCHED)

    def has_expired(self, now: datetime) -> bool:
        return now - datetime.fromisoformat(self.renewed_at) > timedelta(seconds=self.lease_seconds)

    def __str__(self) -> str:
        return f"{self.run}, process {self.process} on {self.host}"


class Busy(Exception):  # noqa: N818 - an answer, which the caller words
    """Another holds the lock."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(str(holder))
        self.holder = holder


class Lease:
    """One attempt to hold a lock, then its hold.

    The lock is a folder of numbered files; the highest number is the holder, who rewrites only its own file. Whoever
    takes over a released or expired lock creates the next number, which only one of several can do, and is the holder
    if no higher one exists then. A holder that was suspended finds the higher number, or its own renewal too old, when
    it asks before a write.

    on_loss: is called once, from another thread, as soon as the lock is lost
    on_end: is called once, from another thread, if the holder has not released a lost lock when its lease ends
    """

    def __init__(
        self,
        files: Storage,
        folder: str,
        run: str,
        seconds: float,
        on_loss: Callable[[], None] = lambda: None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._files, self._folder, self._run, self._seconds = files, folder, run, seconds
        self._on_loss, self._on_end = on_loss, on_end
        self._token = uuid.uuid4().hex
        self._number = 0
        self._renewed = 0.0  # by the monotonic clock, before the write of the renewal began
        self._problem: str | None = None
        self._last = math.inf  # by the monotonic clock, when a holder that lost the lock must have released it
        self._ended, self._writing, self._losing = Event(), Lock(), Lock()

    @property
    def error(self) -> LongtailError | None:
        """Why the lock is lost; None while it is held."""
        if self._problem is None:
            return None
        return LongtailError(self._problem, "Each table is as its last commit left it; run it again.")

    def acquire(self, wait_seconds: float) -> None:
        """Takes the lock. Raises Busy when another still holds it after `wait_seconds`."""
        until = clock.seconds() + wait_seconds
        while not self._attempt(until):
            time.sleep(min(1.0, self._seconds / _RETRIES))
        for name, work in (("renewal", self._renew_until_end), ("watch", self._watch_until_end)):
            Thread(target=work, name=f"lock {name}", daemon=True).start()

    def check(self) -> None:
        """Raises LongtailError unless the lock is held now; called before each write that it guards."""
        if self._problem is None and self._is_stale():
            self._lose("its driver could not renew it in time")
        if self._problem is None and self._highest() > self._number:
            self._lose(f"it was taken over by {self._holder(self._highest()) or 'another run'}", overtaken=True)
        if self.error is not None:
            raise self.error

    def release(self) -> None:
        """Ends the hold, so that the next writer need not wait for the end of the lease."""
        self._ended.set()
        if self._problem is not None or not self._writing.acquire(timeout=_PATIENCE_SECONDS):
            return
        try:
            self._write(released=True)
        except Exception as error:  # the lease expires anyway, and the run's own error matters more
            warning("the lock could not be released and ends with its lease", why=type(error).__name__)
        finally:
            self._writing.release()

    def _attempt(self, until: float) -> bool:
        number = self._highest()
        if number:
            holder = self._holder(number)
            if holder is None or not holder.released:
                if holder is not None and not holder.has_expired(clock.now()):
                    if clock.seconds() < until:
                        return False
                    raise Busy(holder)
                if not self._stays(number, holder):
                    return False
                event("lock of a dead driver taken over", lock=self._folder, holder=holder)
        self._number, self._renewed = number + 1, clock.seconds()
        self._files.create(self._name(self._number), self._content(released=False))
        # Not the answer of `create`: of a broken connection it may say that another's file exists where ours does.
        holder = self._holder(self._number)
        if holder is None or holder.token != self._token:
            return False
        if self._highest() != self._number:  # a number that was deleted in the meantime, after two others had the lock
            self._files.delete(self._name(self._number))
            return False
        self._delete_earlier()
        return True

    def _stays(self, number: int, holder: Holder | None) -> bool:
        """Whether a lock that looks expired keeps its holder's last word for a while."""
        seconds = (holder.lease_seconds if holder else self._seconds) * _WATCHED
        event("lock looks expired and is watched", lock=self._folder, holder=holder, seconds=round(seconds))
        time.sleep(seconds)
        return self._highest() == number and self._holder(number) == holder

    def _numbers(self) -> list[int]:
        names = self._files.names(self._folder)
        return [int(name.removesuffix(".json")) for name in names if re.fullmatch(r"\d+\.json", name)]

    def _highest(self) -> int:
        return max(self._numbers(), default=0)

    def _holder(self, number: int) -> Holder | None:
        content = self._files.read(self._name(number))
        try:
            return Holder(**json.loads(content)) if content else None
        except (TypeError, ValueError):
            return None

    def _delete_earlier(self) -> None:
        for number in self._numbers():
            if number < self._number:
                self._files.delete(self._name(number))

    def _renew_until_end(self) -> None:
        pause = self._seconds / _RENEWALS
        while not self._ended.wait(pause) and self._problem is None:
            try:
                with self._writing:
                    if self._ended.is_set():
                        return
                    began = clock.seconds()
                    self._write(released=False)
                if self._highest() > self._number:
                    self._lose("another run took it over", overtaken=True)
                    return
                self._renewed, pause = began, self._seconds / _RENEWALS
            except Exception as error:
                logger.debug("the lock could not be renewed", exc_info=error)
                event("the lock could not be renewed yet", lock=self._folder, why=type(error).__name__)
                pause = self._seconds / _RETRIES

    def _watch_until_end(self) -> None:
        """Notices a renewal or another write that hangs: the thread that waits for it cannot."""
        while not self._ended.wait(self._seconds / _RETRIES):
            if self._problem is None and self._is_stale():
                self._lose("its driver could not renew it in time")
            if clock.seconds() > self._last:
                self._on_end()
                return

    def _is_stale(self) -> bool:
        return clock.seconds() - self._renewed > self._seconds * (1 - _MARGIN)

    def _lose(self, why: str, overtaken: bool = False) -> None:
        with self._losing:
            if self._problem is not None or self._ended.is_set():
                return
            # The error of the run needs a moment, which an overtaken holder has no more.
            end_of_lease = 0.0 if overtaken else self._renewed + self._seconds
            self._last = max(end_of_lease, clock.seconds() + self._seconds / _RETRIES)
            self._problem = f"The lock {self._files.shown(self._folder)} was lost: {why}."
        warning("the lock was lost", lock=self._folder, why=why)
        self._on_loss()

    def _write(self, released: bool) -> None:
        self._files.write(self._name(self._number), self._content(released))

    def _content(self, released: bool) -> str:
        now = clock.now().isoformat()
        holder = Holder(self._run, socket.gethostname(), os.getpid(), self._token, self._seconds, now, released)
        return json.dumps(asdict(holder))

    def _name(self, number: int) -> str:
        return f"{self._folder}/{number}.json"
