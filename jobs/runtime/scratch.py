"""Scratch of a run on the driver's local disk: files on their way to executors, tables or storage."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.runtime.storage import has_scheme


def scratch_of(warehouse: str, run_id: str) -> Path:
    """The folder of a run: within a local warehouse, otherwise in the temporary folder that TMPDIR names."""
    if has_scheme(warehouse):
        return Path(tempfile.gettempdir()) / f"longtail-scratch-{run_id}"
    return _local(warehouse) / run_id


@contextmanager
def removed_scratch(warehouse: str, run_id: str) -> Iterator[None]:
    """Removes the scratch at the end of a run; within a local warehouse, whose lock it holds, of killed runs too."""
    try:
        yield
    finally:
        # Of a range of nights each has an id of its own, which begins with that of the run.
        named = scratch_of(warehouse, run_id)
        folders = named.parent.glob(f"{named.name}*") if has_scheme(warehouse) else [_local(warehouse)]
        for folder in list(folders):
            shutil.rmtree(folder, ignore_errors=True)


def _local(warehouse: str) -> Path:
    return Path(warehouse).absolute() / "scratch"
