"""Parts of a step in threads."""

from __future__ import annotations

from threading import Barrier
from time import sleep

import pytest

from jobs.runtime.parallel import run_parallel


def test_as_many_parts_as_allowed_run_together() -> None:
    meeting, done = Barrier(2, timeout=10), []

    def part(name: str) -> None:
        meeting.wait()  # two that run one after the other would wait for each other in vain
        done.append(name)

    run_parallel([lambda: part("a"), lambda: part("b")], at_once=2)
    assert sorted(done) == ["a", "b"]


def test_an_error_is_raised_and_what_waits_is_not_begun() -> None:
    begun = []

    def fails() -> None:
        raise ValueError("no such date")

    def part(name: str) -> None:
        begun.append(name)
        sleep(0.5)

    with pytest.raises(ValueError, match="no such date"):
        run_parallel([fails, lambda: part("the next"), lambda: part("the last")], at_once=1)
    assert "the last" not in begun


def test_no_parts_are_done_at_once() -> None:
    run_parallel([], at_once=2)
