"""Which publishes were rolled back: a file, because a roll-back has no Spark and the registry keeps no history."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

FILE_NAME = "roll_backs.jsonl"


def note_roll_back(folder: Path, at: datetime, rolled_back: str | None, live_again: str) -> None:
    """Appends to <folder>/roll_backs.jsonl that readers moved from the night of one publishing run to another's.

    rolled_back: run of the night that readers left, None where they returned to the newer night
    live_again: run of the night that readers see from now on
    """
    line = json.dumps({"at": at.isoformat(), "taken_back": rolled_back, "live_again": live_again})
    with (folder / FILE_NAME).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def rolled_back_runs(folder: Path) -> set[str]:
    """The run_id of every publish that was rolled back and not made live again."""
    path, runs = folder / FILE_NAME, set[str]()
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        flip = json.loads(line)
        runs = (runs | {flip["taken_back"]}) - {flip["live_again"], None}
    return runs
