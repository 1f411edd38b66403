"""Publishes that were rolled back, and made live again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jobs.online.roll_backs import note_roll_back, rolled_back_runs
from jobs.runtime.storage import storage_of

AT = datetime(2024, 3, 4, 8, tzinfo=UTC)


def test_a_publish_counts_as_rolled_back_until_it_is_live_again(tmp_path: Path) -> None:
    files = storage_of(str(tmp_path))
    assert rolled_back_runs(files) == set()
    note_roll_back(files, AT, "tonight", "last night")
    assert rolled_back_runs(files) == {"tonight"}
    note_roll_back(files, AT, None, "tonight")
    assert rolled_back_runs(files) == set()
    note_roll_back(files, AT, "tonight", "last night")
    assert rolled_back_runs(files) == {"tonight"}
