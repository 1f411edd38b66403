"""Scratch lies on the driver's disk and vanishes."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.runtime.scratch import removed_scratch, scratch_of


def test_scratch_of_a_local_warehouse_vanishes_with_that_of_killed_runs(tmp_path: Path) -> None:
    scratch_of(str(tmp_path), "killed").mkdir(parents=True)
    with removed_scratch(str(tmp_path), "run"):
        scratch_of(str(tmp_path), "run").mkdir(parents=True)
        assert scratch_of(str(tmp_path), "run") == tmp_path / "scratch/run"
    assert list(tmp_path.iterdir()) == []


def test_scratch_of_a_uri_is_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    scratch_of("s3a://bucket/night", "other").mkdir(parents=True)
    with removed_scratch("s3a://bucket/night", "run"):
        scratch_of("s3a://bucket/night", "run").mkdir(parents=True)
        scratch_of("s3a://bucket/night", "run-20171202").mkdir(parents=True)
    assert [path.name for path in tmp_path.iterdir()] == ["longtail-scratch-other"]  # another run's, maybe alive
