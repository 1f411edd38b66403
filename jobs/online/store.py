"""Feast's store of a warehouse: the three ways to open it, to write, to read, and as a storefront does."""

from __future__ import annotations

from feast import FeatureStore
from feast.repo_config import RepoConfig

from jobs.config.configuration import Config
from jobs.online.feast_warnings import silence_feast
from jobs.online.registry_place import registry_place
from jobs.online.settings import READER_FILE, write_reader_settings, writer_settings
from jobs.runtime.errors import LongtailError
from jobs.runtime.storage import storage_of
from jobs.serving.client import StorefrontClient


def open_store(conf: Config) -> FeatureStore:
    """Opens the store for a writer, after writing the readers' file of settings where it is missing or out of date.

    Raises ConfigurationError where an address or a Python package of online store or registry is missing.
    """
    store = _open(conf)
    write_reader_settings(conf)
    return store


def has_store(conf: Config) -> bool:
    """Whether the warehouse has a store: register_features, or a night, has run."""
    return storage_of(conf.warehouse).read(READER_FILE) is not None


def check_registered(conf: Config) -> None:
    """Raises LongtailError where nothing is registered: Feast would create an empty registry on opening."""
    place = registry_place(conf)
    registry = place.read()
    if registry is None or not registry.feature_services:
        raise LongtailError(
            f"Nothing is registered in {place.shown}.", "Run jobs/register_features.py or jobs/nightly.py."
        )


def read_store(conf: Config) -> FeatureStore:
    """Opens the store for a reader; writes nothing.

    Raises LongtailError where nothing is registered, ConfigurationError as `open_store` does.
    """
    check_registered(conf)
    return _open(conf)


def storefront_client(conf: Config) -> StorefrontClient:
    """Opens the store as a storefront reads it, without a time limit and whatever the age of the live night.

    Raises LongtailError where nothing is registered, ConfigurationError as `open_store` does.
    """
    return StorefrontClient(read_store(conf), timeout_seconds=None, on_stale="serve")


def _open(conf: Config) -> FeatureStore:
    silence_feast()
    return FeatureStore(config=RepoConfig(**writer_settings(conf)))
