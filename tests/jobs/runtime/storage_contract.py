"""What every storage promises, as classes that a test file inherits for one kind.

A subclass has a fixture `place`: the root of an empty storage, a path or a URI. Of a remote one it also starts Spark.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jobs.runtime.storage import storage_of


class StorageContract:
    """Reading, atomic replacement, creation by exactly one, folders."""

    def test_a_file_is_absent_until_it_is_written(self, place: str) -> None:
        files = storage_of(place)
        assert files.read("folder/file.txt") is None
        assert files.names("folder") == []
        assert not files.exists("folder/file.txt")
        files.write("folder/file.txt", "Müller")
        assert files.exists("folder/file.txt")
        assert files.read("folder/file.txt") == "Müller".encode()
        assert files.names("folder") == ["file.txt"]

    def test_a_write_replaces_the_content_and_leaves_no_other_file(self, place: str) -> None:
        files = storage_of(place)
        files.write("file.bin", b"\x00" * 3_000_000)
        files.write("file.bin", b"\xff", private=True)
        assert files.read("file.bin") == b"\xff"
        files.write("file.bin", b"")
        assert files.read("file.bin") == b""
        assert files.names("") == ["file.bin"]

    def test_only_the_first_creation_succeeds(self, place: str) -> None:
        files = storage_of(place)
        assert files.create("lock/1.json", "first")
        assert not files.create("lock/1.json", "second")
        assert files.read("lock/1.json") == b"first"
        assert files.names("lock") == ["1.json"]
        files.delete("lock/1.json")
        assert files.create("lock/1.json", "third", private=True)
        assert files.read("lock/1.json") == b"third"

    def test_of_concurrent_creations_one_succeeds(self, place: str) -> None:
        files = storage_of(place)
        for turn in range(5):
            with ThreadPoolExecutor(8) as pool:
                won = list(pool.map(lambda n, turn=turn: files.create(f"turn-{turn}", f"writer {n}"), range(8)))
            assert won.count(True) == 1
            assert files.read(f"turn-{turn}") == f"writer {won.index(True)}".encode()

    def test_deletes_files_and_folders_that_may_be_absent(self, place: str) -> None:
        files = storage_of(place)
        files.write("folder/inner/a", "a")
        files.write("folder/b", "b")
        files.delete("folder/b")
        assert files.names("folder") == ["inner"]
        files.delete("folder")
        files.delete("folder")
        assert files.read("folder/inner/a") is None
        # Some object stores list folders of which nothing is left.
        assert [name for inner in files.names("folder") for name in files.names(f"folder/{inner}")] == []

    def test_folders_travel_both_ways(self, place: str, tmp_path: Path) -> None:
        files = storage_of(place)
        (tmp_path / "model" / "inner").mkdir(parents=True)
        (tmp_path / "model" / "weights.bin").write_bytes(bytes(range(256)))
        (tmp_path / "model" / "inner" / "names, all.json").write_text("[]")
        files.write("models/1/old.txt", "of an earlier upload")
        files.upload(tmp_path / "model", "models/1")
        assert files.names("models/1") == ["inner", "weights.bin"]
        assert files.download("models/1", tmp_path / "fetched" / "here")
        fetched = tmp_path / "fetched" / "here"
        assert sorted(path.name for path in fetched.rglob("*")) == ["inner", "names, all.json", "weights.bin"]
        assert (fetched / "weights.bin").read_bytes() == bytes(range(256))
        (tmp_path / "new.bin").write_bytes(b"new")
        files.upload(tmp_path / "new.bin", "models/1/weights.bin")
        assert files.read("models/1/weights.bin") == b"new"
        files.upload(tmp_path / "model" / "weights.bin", "models/1/weights.bin")
        assert files.names("models/1") == ["inner", "weights.bin"]
        assert files.download("models/1/weights.bin", tmp_path / "one.bin")
        assert (tmp_path / "one.bin").read_bytes() == bytes(range(256))
        assert not files.download("models/2", tmp_path / "nothing")

    def test_messages_name_a_file_with_its_root(self, place: str) -> None:
        files = storage_of(place + "/")
        assert files.shown("lock/1.json") == f"{files.root}/lock/1.json"
