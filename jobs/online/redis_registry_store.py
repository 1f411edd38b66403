"""Feast's registry in the online Redis, for writers."""

from __future__ import annotations

import uuid

from feast.protos.feast.core.Registry_pb2 import Registry

from jobs.runtime import clock
from jobs.serving.redis_registry import RedisRegistryStore


class WrittenRedisRegistryStore(RedisRegistryStore):
    """The readers' class with writes: one SET replaces the registry, so that a reader finds one night or the next."""

    def update_registry_proto(self, registry_proto: Registry) -> None:
        """Replaces the registry."""
        registry_proto.version_id = str(uuid.uuid4())
        registry_proto.last_updated.FromDatetime(clock.now())
        self._client.set(self._key, registry_proto.SerializeToString())

    def teardown(self) -> None:
        """Deletes the registry."""
        self._client.delete(self._key)
