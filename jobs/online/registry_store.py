"""Feast's registry in a file that is replaced atomically."""

from __future__ import annotations

import uuid
from pathlib import Path

from feast.infra.registry.file import FileRegistryStore
from feast.protos.feast.core.Registry_pb2 import Registry

from jobs.runtime import clock
from jobs.runtime.atomic_file import write_atomically


class AtomicFileRegistryStore(FileRegistryStore):
    """Feast's file store, with writes by a temporary file and a rename.

    Feast truncates the file before it writes, so that readers can find no services or half a message.
    """

    def _write_registry(self, registry_proto: Registry) -> None:
        registry_proto.version_id = str(uuid.uuid4())
        registry_proto.last_updated.FromDatetime(clock.now())
        path: Path = self._filepath
        write_atomically(path, registry_proto.SerializeToString())
