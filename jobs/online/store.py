"""Feast's store of a warehouse: its files, and the three ways to open it: to write, to read, as a storefront does."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from feast import FeatureStore

from jobs.config.configuration import Config
from jobs.online.feast_warnings import silence_feast
from jobs.runtime.atomic_file import write_atomically
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.serving.client import StorefrontClient

KEY_VERSION = 3  # of Feast's serialised entity keys; below 3 is deprecated
# Without limits a hanging Redis blocks a reader for ever. Limits in the address itself come later and override these.
_READER_TIMEOUTS = "socket_timeout=2,socket_connect_timeout=2"  # seconds


def feast_folder(conf: Config) -> Path:
    """The folder of feature_store.yaml, reader.yaml, registry.db and online.db."""
    return Path(conf.warehouse).absolute() / "feast"


def feature_store_yaml(conf: Config) -> Path:
    """The settings with which the jobs write and read; they name classes of jobs/online."""
    return feast_folder(conf) / "feature_store.yaml"


def reader_yaml(conf: Config) -> Path:
    """The settings for a ranking service: FeatureStore(fs_yaml_file=...), or feast -f.

    They name only Feast's own classes, so that a service needs neither Longtail nor Spark; ours matter to the writer.
    """
    return feast_folder(conf) / "reader.yaml"


def registry_file(conf: Config) -> Path:
    """The file of Feast's registry."""
    return feast_folder(conf) / "registry.db"


def open_store(conf: Config) -> FeatureStore:
    """Opens the store for a writer, after writing both files of settings where they are missing or out of date.

    Raises ConfigurationError where the online store is Redis and its address or the Python package is missing.
    """
    _check_redis(conf)
    _write_settings(feature_store_yaml(conf), _writer_settings(conf))
    _write_settings(reader_yaml(conf), _reader_settings(conf))
    return _open(conf)


def has_store(conf: Config) -> bool:
    """Whether the warehouse has a store: register_features, or a night, has run."""
    return feature_store_yaml(conf).exists()


def check_registered(conf: Config) -> None:
    """Raises LongtailError where nothing is registered: Feast would create an empty registry on opening."""
    if not (has_store(conf) and registry_file(conf).exists()):
        raise LongtailError(
            f"Nothing is registered in {feast_folder(conf)}.", "Run jobs/register_features.py or jobs/nightly.py."
        )


def read_store(conf: Config) -> FeatureStore:
    """Opens the store for a reader; writes nothing.

    Raises LongtailError where nothing is registered, ConfigurationError as `open_store` does.
    """
    check_registered(conf)
    _check_redis(conf)
    return _open(conf)


def storefront_client(conf: Config) -> StorefrontClient:
    """Opens the store as a storefront reads it, without a time limit and whatever the age of the live night.

    Raises LongtailError where nothing is registered, ConfigurationError as `open_store` does.
    """
    check_registered(conf)
    _check_redis(conf)
    silence_feast()
    return StorefrontClient(feature_store_yaml(conf), timeout_seconds=None, on_stale="serve")


class _Expanded(str):
    """A text with an environment variable, which Feast expands before it parses the YAML.

    Single quotes enclose it, because within them only a single quote has a meaning in YAML.
    """


class _Settings(yaml.SafeDumper):
    """A dumper that writes expanded texts in single quotes."""


_Settings.add_representer(
    _Expanded, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="'")
)


def _write_settings(path: Path, settings: dict[str, Any]) -> None:
    text = yaml.dump(settings, Dumper=_Settings, sort_keys=False)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_atomically(path, text)


def _open(conf: Config) -> FeatureStore:
    silence_feast()
    return FeatureStore(fs_yaml_file=feature_store_yaml(conf))


def _writer_settings(conf: Config) -> dict[str, Any]:
    folder = feast_folder(conf)
    online: dict[str, Any] = {
        "type": "jobs.online.sqlite_store.NightSqliteOnlineStore",
        "path": str(folder / "online.db"),
    }
    if conf.online.store == "redis":
        # skip_dedup: otherwise Redis ignores a corrected value of the same night. Feast expands the variable when it
        # reads the file, so that the file holds no password.
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
        # Reading history uses the active Spark session; opening the store and reading online need none.
        "offline_store": {"type": "spark"},
        "entity_key_serialization_version": KEY_VERSION,
    }


def _reader_settings(conf: Config) -> dict[str, Any]:
    settings = _writer_settings(conf)
    online = {key: value for key, value in settings["online_store"].items() if key != "skip_dedup"}
    if conf.online.store == "redis":
        online["connection_string"] = _Expanded(f"{_READER_TIMEOUTS},{online['connection_string']}")
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
            f"Set {variable} to host:port[,password=...], or set online.store to sqlite.",
        )
    malformed = [part for part in address.split(",") if not {":", "="} & set(part)]
    if malformed or set("'\n\r") & set(address):
        raise ConfigurationError(
            f"The environment variable {variable} is not an address: a part is neither host:port nor name=value, or "
            "it contains a single quote or a line break.",
            f"Set {variable} to host:port[,password=...]; the password can have neither a comma nor a single quote.",
        )
    if find_spec("redis") is None:
        raise ConfigurationError(
            "online.store is redis, but the Python package redis is not installed.",
            'Install "feast[redis]", or set online.store to sqlite.',
        )
