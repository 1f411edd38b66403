"""Files of a local folder and of a file: URI meet the contract of every storage."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from jobs.runtime.storage import HadoopStorage, LocalStorage, has_scheme, is_remote, storage_of
from tests.jobs.runtime.storage_contract import StorageContract


class TestLocalFolder(StorageContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> str:
        return str(tmp_path / "ware house")


class TestFileUri(StorageContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> str:
        return (tmp_path / "ware house").as_uri()


@pytest.mark.parametrize(
    ("place", "scheme", "remote"),
    [
        ("warehouse", False, False),
        ("/mnt/ware:house", False, False),
        ("file:///mnt/warehouse", True, False),
        ("file:/mnt/warehouse", True, False),
        ("s3a://bucket/night", True, True),
        ("hdfs://name:8020/night", True, True),
        ("abfss://c@a.dfs.core.windows.net/night", True, True),
    ],
)
def test_kinds_of_places(place: str, scheme: bool, remote: bool) -> None:
    assert (has_scheme(place), is_remote(place)) == (scheme, remote)
    assert isinstance(storage_of(place), HadoopStorage if remote else LocalStorage)


def test_roots_are_absolute_or_uris() -> None:
    assert storage_of("warehouse").root == str(Path.cwd() / "warehouse")
    assert storage_of("file:///mnt/my%20warehouse/").root == "/mnt/my warehouse"
    assert storage_of("s3a://bucket/night/").root == "s3a://bucket/night"
    assert storage_of("s3a://bucket/night/").shown("a") == "s3a://bucket/night/a"


def test_private_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    files = storage_of(str(tmp_path))
    files.create("created", "a", private=True)
    files.write("written", "b", private=True)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("created", "written")] == [0o600, 0o600]


def test_a_full_disk_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = storage_of(str(tmp_path))
    files.write("page.html", "before")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write("page.html", "after")
    with pytest.raises(OSError, match="No space left"):
        files.create("salt", "half")
    assert files.read("page.html") == b"before"
    assert files.names("") == ["page.html"]


def _creates(place: str, number: int) -> list[bool]:
    return [storage_of(place).create(f"turn-{turn}", f"{number}") for turn in range(100)]


def test_of_two_processes_one_creates_a_file(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        first, second = pool.map(_creates, [str(tmp_path)] * 2, range(2))
    assert all(one != other for one, other in zip(first, second, strict=True))


def test_a_remote_storage_without_spark_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyspark.SparkContext._active_spark_context", None)
    with pytest.raises(RuntimeError, match="need a Spark session"):
        storage_of("s3a://bucket/night").read("a")
