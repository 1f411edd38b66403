"""Feast's store of a warehouse: its folder, its files of settings, its FeatureStore."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from feast import FeatureStore

from jobs.config.configuration import Config
from jobs.online.feast_warnings import hush_feast
from jobs.runtime.atomic_file import write_atomically
from jobs.runtime.errors import ConfigurationError, LongtailError

KEY_VERSION = 3  # of Feast's serialised entity keys; below 3 is deprecated
# Without it a Redis that hangs holds a reader's thread for ever. Limits of the address itself come after it and count.
_PATIENCE_OF_READERS = "socket_timeout=2,socket_connect_timeout=2"  # seconds


def feast_folder(conf: Config) -> Path:
    """The folder of feature_store.yaml, reader.yaml, registry.db and online.db."""
    return Path(conf.warehouse).absolute() / "feast"


def feature_store_yaml(conf: Config) -> Path:
    """The settings by which the jobs write and read; they name classes of jobs/online."""
    return feast_folder(conf) / "feature_store.yaml"


def reader_yaml(conf: Config) -> Path:
    """What a ranking service gives to Feast: FeatureStore(fs_yaml_file=...), or feast -f.

    It names Feast's own classes alone, so that a service needs neither Longtail nor Spark. Ours matter to the writer.
    """
    return feast_folder(conf) / "reader.yaml"


def registry_file(conf: Config) -> Path:
    """Feast's registry."""
    return feast_folder(conf) / "registry.db"


def open_store(conf: Config) -> FeatureStore:
    """The store of a warehouse for a writer; both files of settings are written where they are missing or have changed.

    Raises ConfigurationError where the online store is Redis and its address or its package is missing.
    """
    _check_redis(conf)
    _settle(feature_store_yaml(conf), _writer_settings(conf))
    _settle(reader_yaml(conf), _reader_settings(conf))
    return _opened(conf)


class _Expanded(str):
    """A text with a variable in it. Feast expands it before it reads the YAML, so it stands in single quotes, within
    which nothing but a single quote has a meaning."""


class _Settings(yaml.SafeDumper):
    """Writes expanded texts in single quotes."""


_Settings.add_representer(
    _Expanded, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="'")
)


def _settle(place: Path, settings: dict[str, Any]) -> None:
    text = yaml.dump(settings, Dumper=_Settings, sort_keys=False)
    if not place.exists() or place.read_text(encoding="utf-8") != text:
        write_atomically(place, text)


def read_store(conf: Config) -> FeatureStore:
    """The store as any reader opens it; nothing is written.

    Raises LongtailError where nothing has been registered: opening it then would make an empty registry.
    """
    if not (feature_store_yaml(conf).exists() and registry_file(conf).exists()):
        raise LongtailError(
            f"Nothing is registered in {feast_folder(conf)}.", "Run jobs/register_features.py, or jobs/nightly.py."
        )
    _check_redis(conf)
    return _opened(conf)


def _opened(conf: Config) -> FeatureStore:
    hush_feast()
    return FeatureStore(fs_yaml_file=feature_store_yaml(conf))


def _writer_settings(conf: Config) -> dict[str, Any]:
    folder = feast_folder(conf)
    online: dict[str, Any] = {
        "type": "jobs.online.sqlite_store.NightSqliteOnlineStore",
        "path": str(folder / "online.db"),
    }
    if conf.online.store == "redis":
        # skip_dedup: without it Redis ignores a corrected value of the same night. The variable is expanded by Feast
        # when it reads the file, so that no password lies in it.
        online = {
            "type": "jobs.online.redis_store.NightRedisOnlineStore",
            "connection_string": _Expanded(f"${{{conf.online.redis_url_variable}}}"),
            "skip_dedup": True,
        }
    return {
        "project": conf.online.project,
        "provider": "local",
        "registry": {
            "registry_store_type": "jobs.online.registry_store.AtomicFileRegistryStore",
            "path": str(registry_file(conf)),
            "cache_ttl_seconds": conf.online.registry_ttl_seconds,
        },
        "online_store": online,
        # Takes the active Spark session when history is asked for; opening the store and reading online start none.
        "offline_store": {"type": "spark"},
        "entity_key_serialization_version": KEY_VERSION,
    }


def _reader_settings(conf: Config) -> dict[str, Any]:
    settings = _writer_settings(conf)
    online = {key: value for key, value in settings["online_store"].items() if key != "skip_dedup"}
    if conf.online.store == "redis":
        online["connection_string"] = _Expanded(f"{_PATIENCE_OF_READERS},{online['connection_string']}")
    registry = {key: value for key, value in settings["registry"].items() if key != "registry_store_type"}
    own = {"registry": registry, "online_store": online | {"type": conf.online.store}}
    return {key: value for key, value in (settings | own).items() if key != "offline_store"}


def _check_redis(conf: Config) -> None:
    if conf.online.store != "redis":
        return
    variable = conf.online.redis_url_variable
    address = os.environ.get(variable, "")
    if not address:
        raise ConfigurationError(
            f"online.store is redis, but the environment variable {variable} is not set.",
            f"Set {variable} to host:port[,password=...], or online.store to sqlite.",
        )
    odd = [part for part in address.split(",") if not {":", "="} & set(part)]
    if odd or set("'\n\r") & set(address):
        raise ConfigurationError(
            f"The environment variable {variable} is no address: a part of it is neither host:port nor name=value, or "
            "it has a quote or a line break in it.",
            f"Set {variable} to host:port[,password=...]; the password may have neither a comma nor a single quote.",
        )
    if find_spec("redis") is None:
        raise ConfigurationError(
            "online.store is redis, but the Python package redis is not installed.",
            'Install "feast[redis]", or set online.store to sqlite.',
        )
