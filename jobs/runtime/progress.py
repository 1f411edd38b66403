"""How far the running step has come, and about how long it will take."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jobs.runtime import clock
from jobs.runtime.console import Console
from jobs.runtime.logs import logger, milestone

SECONDS_BETWEEN_EVENTS = 60.0  # of progress, where no terminal redraws a line
_SECONDS_BETWEEN_LOOKS = 1.0


@dataclass
class _Work:
    """A step under way: `done` of `total` parts, of which `done_before` needed no time since `began`.

    usual: when the step will have ended if it takes as long as the last time, None without a last time
    ends: the same, by the parts that are done too. It is never put off, so the time left does not rise while one kind
    of parts is counted; once it has passed, no estimate is shown.
    """

    step: str
    started: float
    usual: float | None
    ends: float | None
    began: float = 0.0
    parts: str = ""
    total: int = 0
    done: int = 0
    done_before: int = 0
    alike: bool = True

    def in_words(self, now: float) -> str:
        left = 0.0 if self.ends is None else self.ends - now
        has_begun, words = self.done > self.done_before, []
        if self.total:
            count = f"{self.done:,} of {self.total:,} {self.parts}"
            words.append(f"{self.done / self.total * 100:.0f} % ({count})" if has_begun else count)
        if not has_begun or left <= 0:
            words.append(duration(now - self.started))
        if left > 0:
            words.append(f"about {duration(left)} left")
        return ", ".join(words)

    def estimate(self, now: float) -> None:
        """Takes the time of the parts that are done for that of the others, unless the parts differ in size."""
        if self.alike and self.done > self.done_before:
            ends = now + (now - self.began) * (self.total - self.done) / (self.done - self.done_before)
            self.ends = ends if self.ends is None else min(ends, self.ends)


_running: list[_Work] = []
_counting = threading.Lock()


@contextmanager
def progress_of(step: str, usual: float | None = None) -> Iterator[None]:
    """Shows the progress of a step while it runs: on a terminal each second, elsewhere as an event each minute.

    usual: seconds that the step took the last time, for an estimate until `expect` and `advance` give a better one
    """
    started = clock.seconds()
    ends = None if usual is None else started + usual
    work = _Work(step, started, ends, ends)
    ended = threading.Event()
    ticking = threading.Thread(target=_show, args=(work, ended), name="progress", daemon=True)
    with _counting:
        _running.append(work)
    ticking.start()
    try:
        yield
    finally:
        ended.set()
        ticking.join()
        with _counting:
            _running.remove(work)


def running_step() -> str | None:
    """The step that runs; takes no lock, so that the handler of a signal may ask."""
    return _running[-1].step if _running else None


def expect(total: int, parts: str, done: int = 0, alike: bool = True) -> None:
    """Announces what the running step does next: `total` of what `parts` names in the plural, `done` of them before.

    alike: whether the parts take about the same time, so that those that are done say how long the others take
    """
    with _counting:
        for work in _running[-1:]:
            work.total, work.parts, work.began, work.alike, work.ends = total, parts, clock.seconds(), alike, work.usual
            work.done = work.done_before = done


def advance(count: int = 1) -> None:
    """Counts parts of `expect` that are done. May be called from any thread."""
    with _counting:
        for work in _running[-1:]:
            work.done = min(work.done + count, work.total)
            work.estimate(clock.seconds())


def reporter(parts: str) -> Callable[[int, int], None]:
    """A callback that takes how many of what `parts` names are done and how many there are, as the encoder's is."""
    counted: int | None = None

    def report(done: int, total: int) -> None:
        nonlocal counted
        if counted is None:  # a training that resumes has steps that were done before
            expect(total, parts, done)
        else:
            advance(done - counted)
        counted = done

    return report


def duration(seconds: float) -> str:
    """A duration as a person says it: '45 s', '3 min', '1 h 20 min'."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _show(work: _Work, ended: threading.Event) -> None:
    consoles = [handler for handler in logger.handlers if isinstance(handler, Console) and handler.redraws]
    last_event = work.started
    while not ended.wait(_SECONDS_BETWEEN_LOOKS):
        now = clock.seconds()
        with _counting:
            line = f"{work.step} … {work.in_words(now)}"
        for console in consoles:
            console.redraw(f"{clock.now().astimezone():%H:%M:%S}  {line}")
        if not consoles and now - last_event >= SECONDS_BETWEEN_EVENTS:
            last_event = now
            milestone("progress", line, step=work.step, seconds=round(now - work.started), done=work.done,
                  total=work.total, parts=work.parts or "unknown")  # fmt: skip
    for console in consoles:
        console.redraw("")
