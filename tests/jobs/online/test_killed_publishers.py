"""Publishers killed at any moment leave the live night, and the next publish completes."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from pathlib import Path

import pytest

from jobs.online import sqlite_writing
from jobs.online.driver_rows import DriverRows
from jobs.online.registration import registered_colours
from jobs.online.store import open_store
from jobs.online.view_rows import WriteTask, Written
from jobs.online.writing import replace_rows
from jobs.publish import flip
from jobs.runtime.errors import LongtailError
from tests.jobs.online.frames import local_rows, publish_frames
from tests.jobs.online.nights import config_in, feast_folder
from tests.jobs.online.publisher import night_of, rows
from tests.jobs.online.reading import read_while_publishing
from tests.jobs.online.redis_server import VARIABLE, redis_config, running_redis

pytestmark = [pytest.mark.slow, pytest.mark.promise]


@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_no_reader_sees_mixed_nights_a_null_or_an_error(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_redis(tmp_path) if store == "redis" else nullcontext() as server:
        if server is not None:
            monkeypatch.setenv(VARIABLE, server.url)
        conf = redis_config(tmp_path) if store == "redis" else config_in(tmp_path)
        seen = read_while_publishing(conf, nights=5, kills=2, reads=1_000, copies=3_000)
    assert seen.problems == []
    assert seen.kills == 2
    assert seen.nights == sorted(seen.nights)
    assert seen.nights[-1] == 5


def test_a_registry_that_cannot_be_written_keeps_the_live_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = config_in(tmp_path)
    catalogue = publish_frames(conf, 1)
    store = open_store(conf)
    colours = registered_colours(store)

    def refused(self: Path, *arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as read_only:
        # The mode of a folder does not stop root from writing.
        read_only.setattr(Path, "replace", refused)
        with pytest.raises(LongtailError, match=r"Writing the registry failed: .*Permission denied.*run publish again"):
            flip(store, catalogue, colours.without_idle())
    assert not list(feast_folder(conf).glob("*.tmp"))
    live = registered_colours(open_store(conf)).live_night
    assert live is not None
    assert live.as_of == date(2017, 12, 1)


def test_a_full_disk_is_returned_as_a_failure(tmp_path: Path) -> None:
    """By the worker that writes; see test_spark_rows.py for what a publish does with it."""
    conf = config_in(tmp_path)
    catalogue = publish_frames(conf, 1)
    store = open_store(conf)
    view = next(view for view in catalogue.views if view.name == "user_exposure")
    coloured = catalogue.coloured["user_exposure", "blue"]

    class FullDisk(DriverRows):
        def written_by(self, task: WriteTask, buckets: int) -> list[Written]:
            assert isinstance(task, sqlite_writing.WriteRows)
            # SQLite's limit of pages simulates a full disk: writing fails with "database or disk is full".
            connection = sqlite_writing.connected(task.path)
            [pages] = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + 2}")
            with pytest.MonkeyPatch.context() as full:
                full.setattr(sqlite_writing, "connected", lambda path: connection)
                return super().written_by(task, buckets)

    many = local_rows(view, rows(view, 2, 2_000))
    with pytest.raises(LongtailError, match=r"disk is full.* run publish again"):
        replace_rows(store, view, coloured, FullDisk(view.join_key, many.table), night_of(400))
    live = registered_colours(open_store(conf)).live_night
    assert live is not None
    assert live.as_of == date(2017, 12, 1)
