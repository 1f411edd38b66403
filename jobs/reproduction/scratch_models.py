"""A registry in the scratch with the versions that were registered before a step, so that none is added elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from jobs.config.mlflow import MLflow
from jobs.registry.models import FOLDER, ModelStore
from jobs.registry.version import Version
from jobs.runtime.errors import LongtailError
from jobs.runtime.storage import LocalStorage, Storage


@dataclass(frozen=True)
class RegisteredModel:
    """A registered model as a step found it. next_number: of the version that a training registers next"""

    name: str
    visible: tuple[Version, ...]
    next_number: int


@dataclass(frozen=True)
class LiveModels:
    """The registered versions of ranker and uplift model, read once; nothing is registered or promoted among them.

    files: of the live warehouse; folder: local, for downloads from a server
    """

    conf: MLflow
    files: Storage
    folder: Path

    def versions(self, name: str) -> list[Version]:
        """The versions of a registered model, oldest first."""
        return self._store(name).versions()

    def for_use(self, name: str, version: Version) -> Version:
        """The version with its files in a local folder. Raises LongtailError without them."""
        return replace(version, source=str(self._store(name).folder_of(version)))

    def _store(self, name: str) -> ModelStore:
        # The list and the bundles of a server are remembered among the files: not among those of the live warehouse.
        files = self.files if self.conf.tracking_uri is None else LocalStorage(self.folder)
        return ModelStore(self.conf.model_copy(update={"registered_model": name}), files, self.folder)


def require_version(versions: Sequence[Version], version: str, name: str, step: str) -> Version:
    """The version of this number. Raises LongtailError that names the step if MLflow does not have it."""
    registered = {known.version: known for known in versions}
    if version not in registered:
        raise LongtailError(
            f"MLflow has no version {version} of {name}, which {step} used.",
            "Restore it there, or replay a night of another version.",
        )
    return registered[version]


def visible_versions(versions: Sequence[Version], as_of: date, of_night: set[str]) -> list[Version]:
    """The versions of earlier nights, and those of the night that were registered by then. of_night: their numbers"""
    return [
        version
        for version in versions
        if version.as_of < as_of or (version.as_of == as_of and version.version in of_night)
    ]


def write_registry(live: LiveModels, model: RegisteredModel, folder: Path) -> None:
    """Adds a registered model to the registry of a folder, with the files of those versions that a step opens.

    These are the newest and the first that was promoted, as champion and anchor.
    """
    promoted = [version for version in model.visible if version.promoted_as_of is not None]
    used = {version.version for version in (*promoted[:1], *promoted[-1:])}
    versions = [live.for_use(model.name, version) if version.version in used else version for version in model.visible]
    conf = live.conf.model_copy(update={"tracking_uri": None, "registered_model": model.name})
    ModelStore(conf, LocalStorage(folder), folder).take_over(versions, model.next_number)


def copy_registry(folder: Path, warehouse: Path) -> None:
    """Gives a scratch warehouse a registry that `write_registry` wrote."""
    shutil.copytree(folder / FOLDER, warehouse / FOLDER)
