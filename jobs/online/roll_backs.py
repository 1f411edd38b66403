"""Which publishes were rolled back: a file, because a roll-back has no Spark and the registry keeps no history."""

from __future__ import annotations

import json
from datetime import datetime

from jobs.runtime.storage import Storage

FILE_NAME = "roll_backs.jsonl"


def note_roll_back(files: Storage, at: datetime, rolled_back: str | None, live_again: str) -> None:
    """Adds to <warehouse>/roll_backs.jsonl that readers moved from the night of one publishing run to another's.

    The file is replaced atomically; the caller holds the lock of the warehouse.

    files: of the warehouse
    rolled_back: run of the night that readers left, None where they returned to the newer night
    live_again: run of the night that readers see from now on
    """
    line = json.dumps({"at": at.isoformat(), "taken_back": rolled_back, "live_again": live_again})
    files.write(FILE_NAME, f"{_content(files)}{line}\n")


def rolled_back_runs(files: Storage) -> set[str]:
    """The run_id of every publish that was rolled back and not made live again."""
    runs = set[str]()
    for line in _content(files).splitlines():
        flip = json.loads(line)
        runs = (runs | {flip["taken_back"]}) - {flip["live_again"], None}
    return runs


def returns_to_runs(files: Storage) -> list[tuple[datetime, str]]:
    """When readers moved to the night of which publishing run by roll-backs and their undoing, in that order."""
    flips = [json.loads(line) for line in _content(files).splitlines()]
    return [(datetime.fromisoformat(flip["at"]), flip["live_again"]) for flip in flips]


def _content(files: Storage) -> str:
    return (files.read(FILE_NAME) or b"").decode("utf-8")
