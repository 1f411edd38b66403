"""Back-ups of what is not a table of the warehouse: Feast's registry with its settings, and MLflow's database."""

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
    """Copies the files that exist into a new folder, with a manifest of their SHA-256; returns their names.

    Copies are consistent even while the originals are in use: the registry's file is replaced atomically, and SQLite's
    own back-up copies MLflow's database. Raises LongtailError when the folder is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise LongtailError(f"The folder {folder} is not empty.", "Name a new folder with --to.")
    originals = {name: warehouse / path for name, path in FILES.items() if (warehouse / path).exists()}
    if not originals:
        raise LongtailError(f"{warehouse} has no registry and no MLflow database.", "Run a night first.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in originals.items():
        if name == "mlflow.db":
            with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(folder / name)) as copy:
                source.backup(copy)
        else:
            shutil.copyfile(path, folder / name)
    checksums = {name: _checksum(folder / name) for name in originals}
    (folder / MANIFEST).write_text(json.dumps(checksums, indent=1), encoding="utf-8")
    return sorted(originals)


def restore_from(
    warehouse: Path, folder: Path, changes: Mapping[str, Callable[[Path], None]] = MappingProxyType({})
) -> list[str]:
    """Restores every file of a back-up by a rename; returns the names. A stopped restore completes when run again.

    Raises LongtailError, before anything is replaced, when a copy is missing or damaged.

    changes: by name, a function that changes the restored file before it takes its place
    """
    manifest = folder / MANIFEST
    if not manifest.exists():
        raise LongtailError(f"{folder} is not a back-up: it has no {MANIFEST}.", "Name a folder that back_up wrote.")
    checksums: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))
    for name, checksum in checksums.items():
        if name not in FILES or not (folder / name).exists() or _checksum(folder / name) != checksum:
            raise LongtailError(
                f"The copy {folder / name} is missing or damaged.", "Nothing was restored; use another back-up."
            )
    for name in checksums:
        path = warehouse / FILES[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.restored")
        shutil.copyfile(folder / name, temporary)
        if name in changes:
            changes[name](temporary)
        temporary.replace(path)
        # SQLite would apply the logs of the replaced database to the restored one.
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    return sorted(checksums)


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
