"""Where Feast's registry lies: in a file of the warehouse, an object of S3, or the online Redis."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from feast.infra.registry.registry import get_registry_store_class_from_type
from feast.infra.registry.registry_store import RegistryStore
from feast.protos.feast.core.Registry_pb2 import Registry
from feast.repo_config import RegistryConfig
from google.protobuf.message import DecodeError

from jobs.config.configuration import Config
from jobs.online.redis_address import reader_address, redis_address
from jobs.online.store_failures import store_failures
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.storage import is_remote, storage_of

REGISTRY = "registry.db"
_IN_WAREHOUSE = f"feast/{REGISTRY}"
# With it a PUT of S3 creates an object but replaces none: Feast's reader takes a failed read for a missing registry.
_CREATE_ONLY = {"IfNoneMatch": "*"}


@dataclass(frozen=True)
class RegistryPlace:
    """A registry that is replaced by one write.

    shown: how messages name it, without a secret
    writer, reader: Feast's settings `registry` without the time to live; those of a reader go into a file, hold no
        secret, and name no class of ours but one in jobs/serving
    """

    shown: str
    writer: dict[str, Any] = field(repr=False)
    reader: dict[str, Any]

    @cached_property
    def _store(self) -> RegistryStore:
        store_class = get_registry_store_class_from_type(self.writer["registry_store_type"])
        store: RegistryStore = store_class(RegistryConfig(**self.writer), Path())
        return store

    def read(self) -> Registry | None:
        """The registry, None where there is none. Raises LongtailError where it is damaged or cannot be read."""
        with store_failures("Reading the registry", "Readers see what they saw before."):
            try:
                registry = self._store.get_registry_proto()
            except FileNotFoundError:
                return None
            except DecodeError as error:
                raise LongtailError(
                    f"The registry {self.shown} is damaged.", "Restore a back-up of it by jobs/restore.py."
                ) from error
        return registry if registry.projects else None

    def write(self, registry: Registry) -> None:
        """Replaces the registry by one write."""
        with store_failures("Writing the registry", "Readers see what they saw before."):
            self._store.update_registry_proto(registry)


def registry_place(conf: Config) -> RegistryPlace:
    """The place that `online.registry` names. Raises ConfigurationError where an address or a package is missing."""
    kind = conf.online.registry
    if kind == "redis":
        return _in_redis(conf)
    if kind is None and not is_remote(conf.warehouse):
        return _in_file(storage_of(conf.warehouse).shown(_IN_WAREHOUSE))
    # The configuration admits no other remote warehouse without a registry than s3a.
    return _in_s3(kind or f"s3{conf.warehouse.rstrip('/')[len('s3a') :]}/{_IN_WAREHOUSE}")


def _in_file(path: str) -> RegistryPlace:
    store = "jobs.online.registry_store.AtomicFileRegistryStore"
    return RegistryPlace(path, {"registry_store_type": store, "path": path}, {"path": path})


def _in_s3(uri: str) -> RegistryPlace:
    if find_spec("boto3") is None:
        raise ConfigurationError(
            "The registry lies in S3, but the Python package boto3 is not installed.",
            'Install "longtail[s3]", or set online.registry to redis.',
        )
    store = "jobs.online.s3_registry_store.CheckedS3RegistryStore"
    writer = {"registry_store_type": store, "path": uri}
    return RegistryPlace(uri, writer, {"path": uri, "s3_additional_kwargs": _CREATE_ONLY})


def _in_redis(conf: Config) -> RegistryPlace:
    # Feast deletes keys that end with the name of a project, and the online store those that begin with `longtail:`.
    key = f"feast:{conf.online.project}:{REGISTRY}"
    reader = "jobs.serving.redis_registry.RedisRegistryStore"
    writer = "jobs.online.redis_registry_store.WrittenRedisRegistryStore"
    return RegistryPlace(
        f"{key} in Redis",
        {"registry_store_type": writer, "path": key, "connection_string": redis_address(conf.online)},
        {"registry_store_type": reader, "path": key, "connection_string": reader_address(conf.online)},
    )
