"""What to do when MLflow does not answer: it is asked again for a while, then the versions it last told of are used."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from jobs.registry.version import Version
from jobs.runtime.atomic_file import write_atomically
from jobs.runtime.errors import LongtailError

_RETRIES = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "4", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}  # with growing pauses between


class RegistryUnansweredError(LongtailError):
    """MLflow's server gave no answer, however often it was asked."""

    def __init__(self, uri: str, error: Exception) -> None:
        super().__init__(
            f"MLflow at {uri} does not answer ({str(error).splitlines()[0][:200]}).",
            "Start it, or set mlflow.tracking_uri to where it is, then run the step again.",
        )


@contextmanager
def answered(uri: str) -> Iterator[None]:
    """Raises RegistryUnansweredError where a server, asked again by MLflow's own retries, gave no answer."""
    for name, value in _RETRIES.items():
        os.environ.setdefault(name, value)
    from mlflow.exceptions import MlflowException, RestException

    try:
        yield
    except MlflowException as error:
        if isinstance(error, RestException) or not uri.startswith(("http:", "https:")):
            raise
        raise RegistryUnansweredError(uri, error) from error


class RememberedVersions:
    """The versions that a server last told of, in a JSON file, so that a night can go on with the pinned champion."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, versions: Sequence[Version]) -> None:
        """Replaces what was remembered; a run that dies meanwhile leaves the old file whole."""
        write_atomically(self._path, json.dumps([asdict(version) for version in versions], default=str, indent=1))

    def recall(self) -> list[Version] | None:
        """None where no server was ever heard."""
        if not self._path.is_file():
            return None
        return [_from_json(row) for row in json.loads(self._path.read_text(encoding="utf-8"))]


def _from_json(row: dict[str, Any]) -> Version:
    promoted = row["promoted_as_of"]
    dates = {
        "as_of": date.fromisoformat(row["as_of"]),
        "encoder_as_of": date.fromisoformat(row["encoder_as_of"]),
        "promoted_as_of": date.fromisoformat(promoted) if promoted else None,
    }
    return Version(**{**row, **dates})
