"""Feast's registry in the online Redis, for readers; it needs only Feast.

reader.yaml names this class where `online.registry` is redis. A ranking service without Longtail copies this file to
jobs/serving/redis_registry.py in a folder of its Python path.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig
from feast.infra.registry.registry import REGISTRY_SCHEMA_VERSION
from feast.infra.registry.registry_store import RegistryStore
from feast.protos.feast.core.Registry_pb2 import Registry
from feast.repo_config import RegistryConfig


class RedisRegistryStore(RegistryStore):
    """A registry that readers only read: one key of Redis holds all of it.

    Settings: `path`, the key, and `connection_string` as in the section online_store.
    """

    def __init__(self, registry_config: RegistryConfig, repo_path: Path) -> None:
        self._key = registry_config.path
        address: str = registry_config.connection_string  # Feast keeps settings that it does not know
        self._online = RedisOnlineStore()
        self._settings = RedisOnlineStoreConfig(connection_string=address)

    @property
    def _client(self) -> Any:
        return self._online._get_client(self._settings)

    def get_registry_proto(self) -> Registry:
        """The registry; an empty one where there is none, because Feast would write one for a FileNotFoundError."""
        registry = Registry(registry_schema_version=REGISTRY_SCHEMA_VERSION)
        content: bytes | None = self._client.get(self._key)
        if content is not None:
            registry.ParseFromString(content)
        return registry

    def update_registry_proto(self, registry_proto: Registry) -> None:
        """Raises PermissionError: a reader must not replace what a night registered."""
        raise PermissionError(f"The registry {self._key} is opened for reading.")

    def teardown(self) -> None:
        """Raises PermissionError, as `update_registry_proto` does."""
        raise PermissionError(f"The registry {self._key} is opened for reading.")
