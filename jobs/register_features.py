"""Step register_features: registers the declared features as Feast's entities, views and services."""

from __future__ import annotations

from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.online.catalogue import build_catalogue
from jobs.online.registration import register
from jobs.online.store import open_store
from jobs.online.store_failures import store_failures
from jobs.online.views import online_views


def register_features(night: Night) -> None:
    """Registers entities, every view in two colours and the services in Feast's registry.

    Objects that are no longer declared are removed; the live colour and its night stay. A new feature is served from
    the next publish on.
    """
    catalogue = build_catalogue(online_views(night.conf))
    with store_failures("Registering the features", "Readers still see the live night; run register_features again."):
        removed = register(open_store(night.conf), catalogue)
    night.record.rows |= {
        "entities": len(catalogue.entities),
        "views": len(catalogue.coloured),
        "features": len(catalogue.features),
        "removed": len(removed),
    }
    if removed:
        night.record.decisions["removed"] = ", ".join(removed)


if __name__ == "__main__":
    main_of(register_features)
