"""Publishes that were rolled back, and made live again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jobs.online.roll_backs import note_roll_back, rolled_back_runs

AT = datetime(2024, 3, 4, 8, tzinfo=UTC)


def test_a_publish_counts_as_rolled_back_until_it_is_live_again(tmp_path: Path) -> None:
    assert rolled_back_runs(tmp_path) == set()
    note_roll_back(tmp_path, AT, "tonight", "last night")
    assert rolled_back_runs(tmp_path) == {"tonight"}
    note_roll_back(tmp_path, AT, None, "tonight")
    assert rolled_back_runs(tmp_path) == set()
    note_roll_back(tmp_path, AT, "tonight", "last night")
    assert rolled_back_runs(tmp_path) == {"tonight"}
