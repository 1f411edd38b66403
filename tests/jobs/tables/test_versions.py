"""The newest version is found by a few looks at names, whatever the age of the table."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from jobs.runtime.storage import LocalStorage
from jobs.tables.versions import newest_version

LOG = "events/_delta_log"


class _Counting(LocalStorage):
    """Counts looks at one name, and names listed."""

    looks, listed = 0, 0

    def exists(self, name: str) -> bool:
        self.looks += 1
        return super().exists(name)

    def names(self, folder: str) -> list[str]:
        names = super().names(folder)
        self.listed += len(names)
        return names


@pytest.fixture
def files(tmp_path: Path) -> _Counting:
    return _Counting(tmp_path)


def commit(files: _Counting, *versions: int) -> None:
    for version in versions:
        files.write(f"{LOG}/{version:020}.json", "{}")


def checkpoint(files: _Counting, version: int) -> None:
    files.write(f"{LOG}/_last_checkpoint", json.dumps({"version": version, "size": 7}))


def test_no_table_has_no_version(files: _Counting) -> None:
    assert newest_version(files, LOG) is None


def test_commits_after_the_last_look_are_found(files: _Counting) -> None:
    commit(files, 0, 1)
    assert newest_version(files, LOG) == 1
    commit(files, 2, 3)
    files.looks = files.listed = 0
    assert newest_version(files, LOG) == 3
    assert (files.looks, files.listed) == (4, 0)


def test_an_old_table_is_not_listed(files: _Counting) -> None:
    commit(files, *range(490, 1_003))
    checkpoint(files, 1_000)
    assert newest_version(files, LOG) == 1_002
    assert (files.looks, files.listed) == (3, 0)
    commit(files, *range(1_003, 2_005))
    checkpoint(files, 2_000)
    files.looks = 0
    assert newest_version(files, LOG) == 2_004
    assert files.looks < 30


def test_a_table_that_was_made_again_starts_over(files: _Counting) -> None:
    commit(files, 0, 1, 2)
    assert newest_version(files, LOG) == 2
    shutil.rmtree(files.path("events"))
    assert newest_version(files, LOG) is None
    commit(files, 0)
    assert newest_version(files, LOG) == 0


@pytest.mark.parametrize("content", ["", "{", "{}", "[]"])
def test_a_checkpoint_that_is_being_replaced_is_left_out(files: _Counting, content: str) -> None:
    commit(files, *range(12))
    files.write(f"{LOG}/_last_checkpoint", content)
    files.write(f"{LOG}/00000000000000000010.checkpoint.parquet", "")
    assert newest_version(files, LOG) == 11
