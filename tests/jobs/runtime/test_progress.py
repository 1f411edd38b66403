"""Progress of a running step and its estimates."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest

from jobs.runtime import progress
from jobs.runtime.logs import logger
from jobs.runtime.progress import advance, duration, expect, progress_of, reporter


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Returns the newest line of progress, as it is shown without a terminal."""
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LOOKS", 0.01)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_EVENTS", 0.0)
    monkeypatch.setattr(logger, "propagate", True)
    caplog.set_level(logging.INFO, "longtail")

    def shown() -> list[str]:
        caplog.clear()
        time.sleep(0.1)
        return [record.short for record in caplog.records if hasattr(record, "short")][-1:]

    return shown


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the seconds of the clock."""

    def set_clock(seconds: float) -> None:
        monkeypatch.setattr("jobs.runtime.clock.seconds", lambda: seconds)

    set_clock(0.0)
    return set_clock


def test_an_estimate_from_the_parts_that_are_done(lines: Callable[[], list[str]], at: Callable[[float], None]) -> None:
    with progress_of("build_candidates"):
        at(5.0)
        assert lines() == ["build_candidates … 5 s"]
        expect(4, "dates")
        assert lines() == ["build_candidates … 0 of 4 dates, 5 s"]
        at(65.0)
        advance()
        # One part took 60 s, so the three others take 180 s.
        assert lines() == ["build_candidates … 25 % (1 of 4 dates), about 3 min left"]


def test_an_estimate_from_the_last_run(lines: Callable[[], list[str]], at: Callable[[float], None]) -> None:
    with progress_of("check_drift", usual=40.0):
        at(10.0)
        assert lines() == ["check_drift … 10 s, about 30 s left"]
        expect(2, "dates")
        assert lines() == ["check_drift … 0 of 2 dates, 10 s, about 30 s left"]
        at(50.0)
        assert lines() == ["check_drift … 0 of 2 dates, 50 s"]


def test_steps_before_a_checkpoint_do_not_count_for_the_speed(
    lines: Callable[[], list[str]], at: Callable[[float], None]
) -> None:
    report = reporter("steps")
    with progress_of("fine_tune"):
        report(90, 100)
        at(8.0)
        report(92, 100)
        # Two steps took 8 s, so eight more take 32 s.
        assert lines() == ["fine_tune … 92 % (92 of 100 steps), about 32 s left"]


def test_the_time_left_never_rises_while_parts_are_counted(
    lines: Callable[[], list[str]], at: Callable[[float], None]
) -> None:
    with progress_of("build_candidates"):
        expect(4, "dates")
        at(60.0)
        advance()
        assert lines() == ["build_candidates … 25 % (1 of 4 dates), about 3 min left"]
        at(200.0)  # the second date takes longer than the first
        assert lines() == ["build_candidates … 25 % (1 of 4 dates), about 40 s left"]
        advance()
        assert lines() == ["build_candidates … 50 % (2 of 4 dates), about 40 s left"]
        at(250.0)
        assert lines() == ["build_candidates … 50 % (2 of 4 dates), 4 min"]
        expect(10, "items")
        at(260.0)
        advance(5)
        assert lines() == ["build_candidates … 50 % (5 of 10 items), about 10 s left"]


def test_parts_of_different_size_give_no_estimate(lines: Callable[[], list[str]], at: Callable[[float], None]) -> None:
    with progress_of("ingest"):
        expect(9, "parts", alike=False)
        at(10.0)
        advance()
        assert lines() == ["ingest … 11 % (1 of 9 parts), 10 s"]
    at(0.0)
    with progress_of("ingest", usual=90.0):
        expect(9, "parts", alike=False)
        at(10.0)
        advance()
        assert lines() == ["ingest … 11 % (1 of 9 parts), about 80 s left"]


def test_a_step_that_fails_ends_its_progress(lines: Callable[[], list[str]]) -> None:
    with pytest.raises(ValueError, match="no date"), progress_of("score"):
        raise ValueError("no date")
    advance()
    assert lines() == []


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (99.4, "99 s"), (100, "2 min"), (5_940, "99 min"), (8_400, "2 h 20 min")]
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
