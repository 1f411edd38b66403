"""Threads that read with a time limit, while the store hangs."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.serving.client.readers import Readers


def test_a_read_that_waits_for_a_thread_survives_the_time_out_of_another() -> None:
    readers, hangs, asked = Readers(1), threading.Event(), threading.Event()

    def hanging() -> None:
        asked.set()
        hangs.wait(30)

    with ThreadPoolExecutor(1) as callers:
        try:
            hasty = callers.submit(readers.result, hanging, 0.3)
            assert asked.wait(5)
            started = time.monotonic()
            assert readers.result(lambda: "answer", 20.0) == "answer"  # queued behind the hanging read
            assert time.monotonic() - started < 5
            with pytest.raises(TimeoutError):
                hasty.result()
        finally:
            hangs.set()


def test_a_read_without_time_left_is_a_time_out() -> None:
    with pytest.raises(TimeoutError):
        Readers(1).result(lambda: time.sleep(0.2), 0.0)
