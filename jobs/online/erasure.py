"""Takes a shopper out of both colours of the online store."""

from __future__ import annotations

from feast import FeatureStore

from jobs.online.colours import COLOURS
from jobs.online.encoding import encode_keys
from jobs.online.fields import OnlineView
from jobs.online.night_store import store_failures
from jobs.online.writing import night_store


def erase_online(store: FeatureStore, views: tuple[OnlineView, ...], user_id: str) -> list[str]:
    """Deletes the shopper's rows from every view of shoppers in both colours; returns the views by colour.

    Feast has no delete by entity: the store class of the configuration does it.
    """
    [key] = encode_keys("user_id", [user_id], store.config.entity_key_serialization_version)
    present = {view.name: view for view in store.list_feature_views()}
    erased = []
    for view in views:
        for colour in COLOURS:
            name = f"{view.name}_{colour}"
            if view.entity == "user" and name in present:
                with store_failures(f"Erasing from {name}"):
                    night_store(store).erase(store.config, present[name], key)
                erased.append(name)
    return erased
