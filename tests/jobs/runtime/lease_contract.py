"""What the lock of every shared storage promises, as classes that a test file inherits for one kind.

A subclass has a fixture `place`: the URI of an empty storage. Of a remote one it also starts Spark.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from datetime import timedelta

import pytest

from jobs.runtime import clock
from jobs.runtime.errors import LongtailError, Refused
from jobs.runtime.lock import STREAM, WRITER, only_registrar, only_writer, require_lock
from jobs.runtime.storage import Storage, storage_of

SECONDS = 3.0  # of a lease in these tests


def dead_holder(files: Storage, age_seconds: float, number: int = 7, name: str = WRITER) -> None:
    """Leaves the lock of a driver that died some seconds ago."""
    renewed = (clock.now() - timedelta(seconds=age_seconds)).isoformat()
    holder = {
        "run": "publish, run 7", "host": "dead-host", "process": 12, "token": "7", "lease_seconds": SECONDS,
        "renewed_at": renewed, "released": False,
    }  # fmt: skip
    files.write(f"lock/{name}/{number}.json", json.dumps(holder))


class LeaseContract:
    """One holder at a time; a dead one's lock ends; a holder that lost it writes no more."""

    @pytest.fixture(autouse=True)
    def short_lease(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LONGTAIL_LEASE_SECONDS", str(SECONDS))

    def test_a_second_writer_is_refused_with_the_name_of_the_first(self, place: str) -> None:
        files = storage_of(place)
        refused = pytest.raises(Refused, match=r"is writing .*: nightly, run 7, process \d+ on \S+\. Wait until .* 4 s")
        with only_writer(files, "nightly, run 7"):
            with refused, only_writer(files, "ingest, run 8"):
                pass
            with only_writer(files, "stream, run 9", name=STREAM):  # another lock
                pass
        with only_writer(files, "ingest, run 8"):  # the first has ended, so no lease is waited for
            pass

    def test_a_live_holder_keeps_its_lock_longer_than_a_lease(self, place: str) -> None:
        files = storage_of(place)
        with only_writer(files, "first"):
            time.sleep(1.5 * SECONDS)
            with pytest.raises(Refused, match="first"), only_writer(files, "second"):
                pass
            require_lock(files, WRITER)

    def test_a_second_writer_waits_for_the_first(self, place: str) -> None:
        files, order = storage_of(place), []

        def second() -> None:
            with only_writer(files, "second", wait_seconds=30):
                order.append("second writes")

        with only_writer(files, "first"):
            waiting = threading.Thread(target=second)
            waiting.start()
            waiting.join(SECONDS / 2)
            order.append("first ends")
        waiting.join()
        assert order == ["first ends", "second writes"]

    def test_the_lock_of_a_dead_holder_is_taken_over_when_its_lease_has_ended(self, place: str) -> None:
        files = storage_of(place)
        dead_holder(files, age_seconds=0)
        with pytest.raises(Refused, match="publish, run 7, process 12 on dead-host"), only_writer(files, "next"):
            pass
        with only_writer(files, "next", wait_seconds=30):
            require_lock(files, WRITER)
            assert files.names("lock/writer") == ["8.json"]

    def test_a_lock_that_its_holder_had_no_time_to_fill_is_taken_over(self, place: str) -> None:
        files = storage_of(place)
        files.write("lock/writer/3.json", "")
        with only_writer(files, "next"):
            require_lock(files, WRITER)

    def test_of_several_that_take_over_one_wins(self, place: str) -> None:
        files, ended, won, refused = storage_of(place), threading.Event(), [], []
        dead_holder(files, age_seconds=10 * SECONDS)

        def take_over(name: str) -> None:
            try:
                with only_writer(files, name):
                    won.append(name)
                    ended.wait(5 * SECONDS)
            except Refused:
                refused.append(name)
                ended.set()

        threads = [threading.Thread(target=take_over, args=(f"run {n}",)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == len(refused) == 1

    def test_a_holder_that_was_overtaken_refuses_to_write(self, place: str) -> None:
        files = storage_of(place)
        lost = pytest.raises(
            LongtailError, match=r"was lost: it was taken over by publish, run 7, process 12 on dead-h"
        )
        with only_writer(files, "suspended") as hold:
            hold.check()
            dead_holder(files, age_seconds=0, number=2)
            with lost:
                hold.check()
            with lost:
                require_lock(files, WRITER)

    def test_a_failure_after_the_loss_is_reported_as_the_loss(self, place: str) -> None:
        files = storage_of(place)

        def suspended_job() -> None:
            with only_writer(files, "suspended") as hold:
                dead_holder(files, age_seconds=0, number=2)
                with suppress(LongtailError):
                    hold.check()
                raise RuntimeError("job 7 was cancelled")

        with pytest.raises(LongtailError, match="was lost"):
            suspended_job()

    def test_only_a_holder_may_write(self, place: str) -> None:
        files = storage_of(place)
        with pytest.raises(LongtailError, match="does not hold the writer lock"):
            require_lock(files, WRITER)
        with only_writer(files, "stream", name=STREAM), pytest.raises(LongtailError, match="the writer lock"):
            require_lock(files, WRITER)

    def test_changes_of_the_registry_take_turns(self, place: str) -> None:
        files = storage_of(place)
        busy = pytest.raises(LongtailError, match=r"has been changing the registry of .* for 0 seconds\. Run it again")
        with only_registrar(files) as hold:
            hold.check()
            with busy, only_registrar(files, wait_seconds=0):
                pass
        with only_registrar(files, wait_seconds=0):
            pass
