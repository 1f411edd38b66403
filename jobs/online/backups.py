"""Copies of the two databases that no table of the warehouse holds: Feast's registry and MLflow's."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

from jobs.runtime.errors import LongtailError

MANIFEST = "copy.json"
FILES = {
    "registry.db": "feast/registry.db",
    "feature_store.yaml": "feast/feature_store.yaml",
    "reader.yaml": "feast/reader.yaml",
    "mlflow.db": "mlflow/mlflow.db",
}


def back_up_to(warehouse: Path, folder: Path) -> list[str]:
    """Copies what there is into a new folder, with a manifest of SHA-256; returns the names.

    The registry is replaced as a whole whenever it changes, and MLflow's database is copied by SQLite's own back-up,
    so both are whole even while they are in use. Raises LongtailError when the folder has something in it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise LongtailError(f"The folder {folder} is not empty.", "Name a new one with --to.")
    found = {name: warehouse / place for name, place in FILES.items() if (warehouse / place).exists()}
    if not found:
        raise LongtailError(f"{warehouse} has no registry and no MLflow database.", "Run a night first.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, place in found.items():
        if name == "mlflow.db":
            with closing(sqlite3.connect(place)) as source, closing(sqlite3.connect(folder / name)) as copy:
                source.backup(copy)
        else:
            shutil.copyfile(place, folder / name)
    sums = {name: _sum(folder / name) for name in found}
    (folder / MANIFEST).write_text(json.dumps(sums, indent=1), encoding="utf-8")
    return sorted(found)


def restore_from(
    warehouse: Path, folder: Path, adapted: Mapping[str, Callable[[Path], None]] = MappingProxyType({})
) -> list[str]:
    """Puts the copies back, each by a rename; returns the names. Nothing is touched when any copy is not as it was.

    adapted: by name what changes the copy of the copy before it takes its place. Stopped and run again, it completes.
    """
    manifest = folder / MANIFEST
    if not manifest.exists():
        raise LongtailError(f"{folder} is no back-up: it has no {MANIFEST}.", "Name a folder that back_up made.")
    sums: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))
    for name, known in sums.items():
        if name not in FILES or not (folder / name).exists() or _sum(folder / name) != known:
            raise LongtailError(
                f"The copy {folder / name} is missing or damaged.", "Nothing was restored; take another."
            )
    for name in sums:
        place = warehouse / FILES[name]
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".{place.name}.restored")
        shutil.copyfile(folder / name, temporary)
        if name in adapted:
            adapted[name](temporary)
        temporary.replace(place)
        # What SQLite had not yet put into the database that is replaced; it is part of that until it is.
        for log in ("-wal", "-shm"):
            place.with_name(place.name + log).unlink(missing_ok=True)
    return sorted(sums)


def _sum(place: Path) -> str:
    return hashlib.sha256(place.read_bytes()).hexdigest()
