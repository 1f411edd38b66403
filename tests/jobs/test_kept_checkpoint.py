"""The checkpoint of a fine-tuning outlives its driver."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from jobs.encoder import kept_checkpoint
from jobs.encoder.kept_checkpoint import checkpoint_folder, erase_training_texts
from jobs.runtime.atomic_file import write_atomically
from jobs.runtime.storage import Storage, storage_of
from model.text.distributed import CHECKPOINT

NAME = "fine_tuning/2017-12-01"


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """A warehouse that files do not lie in, as one in an object store."""
    monkeypatch.setattr(kept_checkpoint, "LocalStorage", type("NoStorage", (), {}))
    monkeypatch.setattr(kept_checkpoint, "LOOK_SECONDS", 0.05)
    return storage_of(str(tmp_path / "warehouse"))


def test_a_new_driver_resumes_from_a_remote_checkpoint(remote: Storage, tmp_path: Path) -> None:
    def train(driver: str) -> bytes:
        with checkpoint_folder(remote, NAME, tmp_path / driver) as folder:
            place = folder / CHECKPOINT
            start = place.read_bytes() if place.exists() else b""
            for step in (b"1", b"2"):
                write_atomically(place, start + step)
                deadline = time.monotonic() + 10
                while remote.read(f"{NAME}/{CHECKPOINT}") != start + step and time.monotonic() < deadline:
                    time.sleep(0.02)
            if driver == "first":
                raise ConnectionError("the driver was lost")
            return start

    with pytest.raises(ConnectionError):
        train("first")
    assert remote.read(f"{NAME}/{CHECKPOINT}") == b"2"
    assert train("second") == b"2"
    assert remote.names(NAME) == []


def test_a_local_checkpoint_is_used_in_place(tmp_path: Path) -> None:
    files = storage_of(str(tmp_path))
    with checkpoint_folder(files, NAME, tmp_path / "scratch") as folder:
        assert folder == tmp_path / NAME
        (folder / CHECKPOINT).write_bytes(b"1")
    assert not folder.exists()


def test_texts_of_a_killed_training_are_erased_and_its_checkpoint_is_kept(tmp_path: Path) -> None:
    files = storage_of(str(tmp_path))
    assert erase_training_texts(files) == []
    for name in ("tuning.json", "base/encoder.json", CHECKPOINT):
        files.write(f"{NAME}/{name}", "what a shopper bought")
    assert erase_training_texts(files) == [f"{NAME}/base", f"{NAME}/tuning.json"]
    assert files.names(NAME) == [CHECKPOINT]
