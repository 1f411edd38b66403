"""Erasure of a shopper from the online store, and from the SQLite file of an earlier configuration."""

from __future__ import annotations

from feast import FeatureStore

from jobs.config.configuration import Config
from jobs.online.colours import COLOURS
from jobs.online.encoding import encode_keys
from jobs.online.fields import OnlineView
from jobs.online.night_store import night_store
from jobs.online.settings import KEY_VERSION, SQLITE_FILE
from jobs.online.sqlite_erasure import erase_from_file
from jobs.online.store_failures import store_failures
from jobs.runtime.storage import LocalStorage, storage_of

_CONSEQUENCE = "Nothing was erased from the tables yet; run forget again to complete it."


def erase_online(store: FeatureStore, views: tuple[OnlineView, ...], user_id: str) -> list[str]:
    """Deletes the shopper's rows from the online store; returns the names of the registered views of shoppers.

    Feast cannot delete an entity, so the store class of the configuration does.

    views: those with two colours; other views with the key user_id belong to the stream
    """
    [key] = encode_keys("user_id", [user_id], store.config.entity_key_serialization_version)
    present = {view.name: view for view in store.list_feature_views()}
    coloured = [f"{view.name}_{colour}" for view in views for colour in COLOURS if view.entity == "user"]
    others = [name for name, view in present.items() if view.join_keys == ["user_id"] and name not in coloured]
    erased = [name for name in (*coloured, *others) if name in present]
    with store_failures("Erasing online", _CONSEQUENCE):
        night_store(store).erase(store.config, key)
    return erased


def erase_from_former_file(conf: Config, user_id: str) -> bool:
    """Deletes the shopper from the SQLite file of a local warehouse that has moved to another store, if there is one.

    Returns whether there was one. A Redis that the configuration no longer names is out of reach.
    """
    files = storage_of(conf.warehouse)
    if conf.online.store == "sqlite" or not isinstance(files, LocalStorage) or not files.exists(SQLITE_FILE):
        return False
    [key] = encode_keys("user_id", [user_id], KEY_VERSION)
    with store_failures("Erasing from the former SQLite store", _CONSEQUENCE):
        erase_from_file(files.path(SQLITE_FILE), key)
    return True
