"""Which publishes were taken back: a file, since whoever rolls back has no Spark and the registry knows no past."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

PLACE = "roll_backs.jsonl"


def note_roll_back(folder: Path, at: datetime, taken_back: str | None, live_again: str) -> None:
    """Adds to <folder>/roll_backs.jsonl that readers went from the night of one publishing run to that of another.

    taken_back: None where readers went forward again: the night that they left was not taken back, it is over
    """
    line = json.dumps({"at": at.isoformat(), "taken_back": taken_back, "live_again": live_again})
    with (folder / PLACE).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def taken_back(folder: Path) -> set[str]:
    """The run_id of the publishes that were taken back and not made live again."""
    place, found = folder / PLACE, set[str]()
    for line in place.read_text(encoding="utf-8").splitlines() if place.exists() else []:
        one = json.loads(line)
        found = (found | {one["taken_back"]}) - {one["live_again"], None}
    return found
