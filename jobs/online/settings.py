"""Feast's settings: those of writers, which are built in memory, and those of readers, which are a file."""

from __future__ import annotations

from typing import Any

import yaml

from jobs.config.configuration import Config
from jobs.online.redis_address import Expanded, reader_address, redis_address
from jobs.online.registry_place import registry_place
from jobs.runtime.storage import storage_of

READER_FILE, SQLITE_FILE = "feast/reader.yaml", "feast/online.db"  # in the warehouse
KEY_VERSION = 3  # of Feast's serialised entity keys; below 3 is deprecated


def writer_settings(conf: Config) -> dict[str, Any]:
    """The settings with which the jobs write and read; they name classes of jobs/online and can hold a password.

    Raises ConfigurationError where an address or a Python package of online store or registry is missing.
    """
    online: dict[str, Any] = {"type": "jobs.online.sqlite_store.NightSqliteOnlineStore", "path": _online_file(conf)}
    if conf.online.store == "redis":
        # skip_dedup: otherwise Redis ignores a corrected value of the same night.
        online = {
            "type": "jobs.online.redis_store.NightRedisOnlineStore",
            "connection_string": redis_address(conf.online),
            "skip_dedup": True,
        }
    # Feast keeps keys that it does not know: with it, who changes the registry finds the lock.
    registry = registry_place(conf).writer | {"warehouse": conf.warehouse}
    # Reading history uses the active Spark session; opening the store and reading online need none.
    return _settings(conf, registry, online) | {"offline_store": {"type": "spark"}}


def write_reader_settings(conf: Config) -> None:
    """Writes reader.yaml, for FeatureStore(fs_yaml_file=...) or feast -f, where it is missing or out of date.

    It names only classes of Feast and of jobs/serving, so that a ranking service needs neither Longtail nor Spark, and
    environment variables in place of secrets.
    """
    files, text = storage_of(conf.warehouse), reader_settings(conf)
    if files.read(READER_FILE) != text.encode():
        files.write(READER_FILE, text)


def reader_settings(conf: Config) -> str:
    """The content of reader.yaml."""
    online = {"type": "sqlite", "path": _online_file(conf)}
    if conf.online.store == "redis":
        online = {"type": "redis", "connection_string": reader_address(conf.online)}
    settings = _settings(conf, registry_place(conf).reader, online)
    return yaml.dump(settings, Dumper=_ReaderDumper, sort_keys=False)


def _settings(conf: Config, registry: dict[str, Any], online: dict[str, Any]) -> dict[str, Any]:
    return {
        "project": conf.online.project,
        "provider": "local",
        "registry": registry | {"cache_ttl_seconds": conf.online.registry_ttl_seconds},
        "online_store": online,
        "entity_key_serialization_version": KEY_VERSION,
    }


def _online_file(conf: Config) -> str:
    return storage_of(conf.warehouse).shown(SQLITE_FILE)


class _ReaderDumper(yaml.SafeDumper):
    """A dumper that writes expanded texts in single quotes: within them only a single quote has a meaning in YAML."""


_ReaderDumper.add_representer(
    Expanded, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="'")
)
