"""A copy of the champion's bundle in a remote warehouse, from which a night without the MLflow server gets it."""

from __future__ import annotations

from pathlib import Path

from jobs.runtime.storage import LocalStorage, Storage

_FOLDER = "mlflow/champion/{}"
_COMPLETE = "{}.complete"  # next to the folder, which is uploaded file by file


class BundleCopy:
    """The copy of one version of a registered model; nothing in a local warehouse, where downloads stay anyway.

    files: of the warehouse; model: name of the registered model
    """

    def __init__(self, files: Storage, model: str) -> None:
        self._files, self._folder = files, _FOLDER.format(model)
        self._used = not isinstance(files, LocalStorage)

    def copy_to(self, version: str, local: Path) -> bool:
        """Copies the bundle of a version to a local path that is not in use; False where it is not there."""
        if not self._used or not self._files.exists(self._mark(version)):
            return False
        return self._files.download(f"{self._folder}/{version}", local)

    def replace(self, version: str, bundle: Path) -> None:
        """Puts a version in place of the one before, unless it is there already."""
        if not self._used or self._files.exists(self._mark(version)):
            return
        self._files.delete(self._folder)
        self._files.upload(bundle, f"{self._folder}/{version}")
        self._files.write(self._mark(version), "")

    def _mark(self, version: str) -> str:
        return f"{self._folder}/{_COMPLETE.format(version)}"
