"""Copies with a manifest of their SHA-256, in a local folder or at a URI."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from jobs.runtime.errors import LongtailError
from jobs.runtime.storage import Storage

MANIFEST = "copy.json"


def write_back_up(copies: Storage, contents: Mapping[str, bytes]) -> None:
    """Writes the contents by name, and the manifest last. Raises LongtailError where the folder is not empty."""
    if copies.names(""):
        raise LongtailError(f"The folder {copies.root} is not empty.", "Name a new folder with --to.")
    for name, content in contents.items():
        copies.write(name, content)
    checksums = {name: _checksum(content) for name, content in contents.items()}
    copies.write(MANIFEST, json.dumps(checksums, indent=1))


def read_back_up(copies: Storage) -> dict[str, bytes]:
    """The contents of a back-up by name. Raises LongtailError where one is missing or damaged."""
    manifest = copies.read(MANIFEST)
    if manifest is None:
        raise LongtailError(
            f"{copies.root} is not a back-up: it has no {MANIFEST}.", "Name a folder that back_up wrote."
        )
    contents: dict[str, bytes] = {}
    for name, checksum in json.loads(manifest).items():
        content = copies.read(name)
        if content is None or _checksum(content) != checksum:
            raise LongtailError(
                f"The copy {copies.shown(name)} is missing or damaged.", "Nothing was restored; use another back-up."
            )
        contents[name] = content
    return contents


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
