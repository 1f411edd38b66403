"""What was taken back, and what was made live again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jobs.online.roll_backs import note_roll_back, taken_back

AT = datetime(2024, 3, 4, 8, tzinfo=UTC)


def test_a_publish_is_taken_back_until_it_is_live_again(tmp_path: Path) -> None:
    assert taken_back(tmp_path) == set()
    note_roll_back(tmp_path, AT, "tonight", "last night")
    assert taken_back(tmp_path) == {"tonight"}
    note_roll_back(tmp_path, AT, None, "tonight")
    assert taken_back(tmp_path) == set()
    note_roll_back(tmp_path, AT, "tonight", "last night")
    assert taken_back(tmp_path) == {"tonight"}
