"""Changes of Feast's registry: applying the catalogue, reading the colours, flipping them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from feast import FeatureStore
from feast.errors import FeatureServiceNotFoundException

from jobs.online.catalogue import OURS, SERVICES, Catalogue
from jobs.online.colours import Colours, colours_of
from jobs.runtime.errors import LongtailError
from jobs.runtime.lock import only_registrar
from jobs.runtime.storage import storage_of
from jobs.serving.client import RANKING


class _Registered(Protocol):
    name: str
    tags: dict[str, str]


Registered = TypeVar("Registered", bound=_Registered)


def register(store: FeatureStore, catalogue: Catalogue) -> list[str]:
    """Applies all declared objects and removes undeclared ones in one registry write; returns the removed names.

    Each colour keeps its night, and objects that others registered in the same project stay.
    """
    with changing_registry(store):
        registered = {service.name: service for service in store.list_feature_services()}
        services = catalogue.services(colours_of(registered[RANKING].tags) if RANKING in registered else Colours())
        undeclared = [
            *_undeclared(registered.values(), {service.name for service in services}),
            *_undeclared(store.list_feature_views(), {view.name for view in catalogue.coloured.values()}),
            *_undeclared(store.list_entities(), set(catalogue.entities)),
            *_undeclared(store.list_data_sources(), set(catalogue.sources)),
        ]
        declared = [*catalogue.entities.values(), *catalogue.coloured.values(), *services]
        store.apply(declared, objects_to_delete=undeclared, partial=False)
    return sorted(removed.name for removed in undeclared)


def registered_colours(store: FeatureStore) -> Colours:
    """The colours of the registered services. Raises LongtailError where no service is registered."""
    try:
        return colours_of(store.get_feature_service(RANKING).tags)
    except FeatureServiceNotFoundException as error:
        raise LongtailError(
            f"The feature service {RANKING} is not registered.", "Run jobs/register_features.py."
        ) from error


def point_services(store: FeatureStore, catalogue: Catalogue, colours: Colours) -> None:
    """Makes the services serve `colours`, by one registry write; removes a service that their night has nothing for."""
    with changing_registry(store):
        services = catalogue.services(colours)
        absent = SERVICES.keys() - {service.name for service in services}
        gone = [service for service in store.list_feature_services() if service.name in absent]
        # Left registered, it would read the other colour.
        store.apply(services, objects_to_delete=gone, partial=not gone)


@contextmanager
def changing_registry(store: FeatureStore) -> Iterator[None]:
    """Holds the lock of the registry and reads it afresh.

    Feast writes back the registry that it last read, so changes that others made since then would be lost.
    """
    with only_registrar(storage_of(store.config.registry.warehouse)) as lock:
        store.refresh_registry()
        lock.check()
        yield


def _undeclared(registered: Iterable[Registered], declared: set[str]) -> list[Registered]:
    return [item for item in registered if OURS.items() <= item.tags.items() and item.name not in declared]
