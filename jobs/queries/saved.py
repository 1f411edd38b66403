"""The order that a night learnt, saved for the search service."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from jobs.runtime.storage import Storage
from model.search.index import SearchIndex
from model.search.search import Search

_FOLDER, _DESCRIPTION = "search", "search.json"
_KEPT = 14  # nights: more than a roll-back reaches


@dataclass(frozen=True)
class SavedOrder:
    """Where the files of a learnt order lie, by which encoder it reads, and its candidates by each score."""

    folder: str
    encoder_version: str
    most: int


def save_order(files: Storage, scratch: Path, as_of: date, search: Search | None, encoder_version: str) -> None:
    """Replaces the learnt order of a night, by none where the sum serves, and deletes those of old nights."""
    name, local = _name(as_of), scratch / "search"
    files.delete(name)
    if search is not None:
        search.save(local)
        files.upload(local, name)
        shutil.rmtree(local)
        # Written last: without it the folder counts as absent.
        description = {"encoder_version": encoder_version, "most": search.most}
        files.write(f"{name}/{_DESCRIPTION}", json.dumps(description))
    for old in files.names(_FOLDER)[:-_KEPT]:
        files.delete(f"{_FOLDER}/{old}")


def saved_order(files: Storage, as_of: date) -> SavedOrder | None:
    """What `save_order` wrote for a night. Raises ValueError if it is damaged."""
    content = files.read(f"{_name(as_of)}/{_DESCRIPTION}")
    if content is None:
        return None
    try:
        description = json.loads(content)
        return SavedOrder(_name(as_of), description["encoder_version"], description["most"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{files.shown(_name(as_of))}/{_DESCRIPTION} is damaged ({type(error).__name__}).") from error


def load_order(files: Storage, saved: SavedOrder, index: SearchIndex) -> Search:
    """The learnt order for an index. Raises ValueError if a file is missing or damaged."""
    with TemporaryDirectory() as folder:
        local = Path(folder) / "search"
        files.download(saved.folder, local)
        return Search.load(local, index, saved.most)


def _name(as_of: date) -> str:
    return f"{_FOLDER}/{as_of.isoformat()}"
