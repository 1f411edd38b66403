"""The newest version of a Delta table, found without a listing of its log, which grows with the table's age."""

from __future__ import annotations

import json

from jobs.runtime.storage import Storage

_CHECKPOINT = "_last_checkpoint"
_COMMITS = 16  # a few more than Delta has between two checkpoints by default
_SEEN: dict[str, int] = {}  # by log: the newest version that this process has seen


def newest_version(files: Storage, log: str) -> int | None:
    """The newest committed version, None if there is no table (Delta protocol: <version>.json with 20 digits).

    Versions have no gaps, so those after one that is known are looked for one by one: after the newest that this
    process has seen, or after Delta's last checkpoint. The log is listed only where it has no checkpoint yet.

    files: of the warehouse; log: the folder _delta_log of a table among them
    """
    key = files.shown(log)
    version = _SEEN.get(key)
    if version is None or not files.exists(_commit(log, version)):  # the table may have been deleted and made again
        version = _checkpoint(files, log)
    if version is None:
        version = _listed(files, log)
    if version is None:
        return None
    passed = 0
    while files.exists(_commit(log, version + 1)):
        version, passed = version + 1, passed + 1
        if passed == _COMMITS:
            version, passed = max(version, _checkpoint(files, log) or 0), 0
    _SEEN[key] = version
    return version


def _commit(log: str, version: int) -> str:
    return f"{log}/{version:020}.json"


def _checkpoint(files: Storage, log: str) -> int | None:
    """The version of the last checkpoint; None without one, or while it is being replaced."""
    content = files.read(f"{log}/{_CHECKPOINT}")
    try:
        return int(json.loads(content)["version"]) if content else None
    except (KeyError, TypeError, ValueError):
        return None


def _listed(files: Storage, log: str) -> int | None:
    commits = [int(name[:-5]) for name in files.names(log) if name.endswith(".json") and name[:-5].isdigit()]
    return max(commits, default=None)
