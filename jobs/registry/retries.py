"""Retries while MLflow does not answer, and the versions it last listed for the night that goes without it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import Any

from jobs.registry.version import Version
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.redaction import redacted
from jobs.runtime.storage import Storage

_VERSIONS = "mlflow/versions-{}.json"
_RETRIES = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "4", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}  # the pauses in between grow
_ONE_RETRY = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
_NOT_LOGGED_IN = ("UNAUTHENTICATED", "PERMISSION_DENIED")  # error codes of MLflow


class RegistryUnansweredError(LongtailError):
    """MLflow's server did not answer any of the retries."""

    def __init__(self, uri: str, error: Exception) -> None:
        super().__init__(
            f"MLflow at {uri} does not answer ({redacted(str(error)).splitlines()[0][:200]}).",
            "Start it, or correct mlflow.tracking_uri, then run the step again.",
        )


@contextmanager
def answered(uri: str) -> Iterator[None]:
    """Raises RegistryUnansweredError when the server answers none of MLflow's own retries.

    Raises ConfigurationError when it refuses the login.
    """
    for name, value in _RETRIES.items():
        os.environ.setdefault(name, value)
    from mlflow.exceptions import MlflowException, RestException

    try:
        yield
    except MlflowException as error:
        if error.error_code in _NOT_LOGGED_IN:
            raise ConfigurationError(
                f"MLflow at {uri} refuses the user or the password.",
                "Correct MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or the user's rights.",
            ) from error
        if isinstance(error, RestException) or not uri.startswith(("http:", "https:")):
            raise
        raise RegistryUnansweredError(uri, error) from error


@contextmanager
def asking_once() -> Iterator[None]:
    """One retry and short limits of time, so that a server that does not answer is known in seconds."""
    before = {name: os.environ.get(name) for name in _ONE_RETRY}
    os.environ.update(_ONE_RETRY)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class RememberedVersions:
    """The versions that a server last listed, in a JSON file, so that the champion can serve without it.

    files: of the warehouse; model: name of the registered model
    """

    def __init__(self, files: Storage, model: str) -> None:
        self._files, self._name = files, _VERSIONS.format(model)

    def keep(self, versions: Sequence[Version]) -> None:
        """Replaces the list atomically."""
        self._files.write(self._name, json.dumps([asdict(version) for version in versions], default=str, indent=1))

    def recall(self) -> list[Version] | None:
        """The list, or None where a server has never answered."""
        content = self._files.read(self._name)
        return None if content is None else [_from_json(row) for row in json.loads(content)]


def _from_json(row: dict[str, Any]) -> Version:
    promoted = row["promoted_as_of"]
    dates = {
        "as_of": date.fromisoformat(row["as_of"]),
        "encoder_as_of": date.fromisoformat(row["encoder_as_of"]),
        "promoted_as_of": date.fromisoformat(promoted) if promoted else None,
    }
    return Version(**{**row, **dates})
