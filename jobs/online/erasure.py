"""Erasure of a shopper from the online store: from both colours and from the stream's views."""

from __future__ import annotations

from feast import FeatureStore

from jobs.online.colours import COLOURS
from jobs.online.encoding import encode_keys
from jobs.online.fields import OnlineView
from jobs.online.night_store import night_store
from jobs.online.store_failures import store_failures


def erase_online(store: FeatureStore, views: tuple[OnlineView, ...], user_id: str) -> list[str]:
    """Deletes the shopper's rows from every registered view of shoppers; returns the views' names.

    Feast cannot delete an entity, so the store class of the configuration does.

    views: those with two colours; other views with the key user_id belong to the stream
    """
    [key] = encode_keys("user_id", [user_id], store.config.entity_key_serialization_version)
    present = {view.name: view for view in store.list_feature_views()}
    coloured = [f"{view.name}_{colour}" for view in views for colour in COLOURS if view.entity == "user"]
    others = [name for name, view in present.items() if view.join_keys == ["user_id"] and name not in coloured]
    erased = [name for name in (*coloured, *others) if name in present]
    with store_failures("Erasing online", "Nothing was erased from the tables yet; run forget again to complete it."):
        night_store(store).erase(store.config, [present[name] for name in erased], key)
    return erased
