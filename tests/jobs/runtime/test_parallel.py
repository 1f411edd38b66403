"""Independent parts of a step in threads."""

from __future__ import annotations

from threading import Barrier
from time import sleep

import pytest

from jobs.runtime.parallel import run_parallel


def test_as_many_parts_as_allowed_run_together() -> None:
    meeting, done = Barrier(2, timeout=10), []

    def part(name: str) -> None:
        meeting.wait()  # breaks after 10 s unless both parts run at the same time
        done.append(name)

    run_parallel([lambda: part("a"), lambda: part("b")], at_once=2)
    assert sorted(done) == ["a", "b"]


def test_an_error_is_raised_and_waiting_parts_never_start() -> None:
    started = []

    def fails() -> None:
        raise ValueError("no such date")

    def part(name: str) -> None:
        started.append(name)
        sleep(0.5)

    with pytest.raises(ValueError, match="no such date"):
        run_parallel([fails, lambda: part("the next"), lambda: part("the last")], at_once=1)
    assert "the last" not in started


def test_no_parts_is_allowed() -> None:
    run_parallel([], at_once=2)
