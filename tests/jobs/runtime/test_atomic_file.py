"""A file has its old content or its new content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jobs.runtime.atomic_file import write_atomically


def test_texts_and_bytes_with_their_permissions(tmp_path: Path) -> None:
    place = tmp_path / "new" / "salt"
    write_atomically(place, "Müller", mode=0o600)
    assert place.read_bytes() == "Müller".encode()
    assert place.stat().st_mode & 0o777 == 0o600
    write_atomically(place, b"\x00")
    assert place.read_bytes() == b"\x00"
    assert [file.name for file in place.parent.iterdir()] == ["salt"]


def test_a_full_disk_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "page.html"
    write_atomically(place, "before")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(place, "after")
    assert place.read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
