"""Feast's registry in a file that readers never find half written."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from feast.infra.registry.file import FileRegistryStore
from feast.protos.feast.core.Registry_pb2 import Registry

from jobs.runtime import clock


class AtomicFileRegistryStore(FileRegistryStore):
    """Feast's file store, except that a write is a temporary file and a rename.

    Feast's own truncates the file and then writes it: readers meanwhile find no services or half a message.
    """

    def _write_registry(self, registry_proto: Registry) -> None:
        registry_proto.version_id = str(uuid.uuid4())
        registry_proto.last_updated.FromDatetime(clock.now())
        place: Path = self._filepath
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                file.write(registry_proto.SerializeToString())
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    """Makes a rename outlast a power failure (rename(2) and fsync(2) of the folder)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
