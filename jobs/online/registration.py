"""What the registry holds: applying the catalogue, reading the colours, flipping them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from feast import FeatureStore
from feast.errors import FeatureServiceNotFoundException

from jobs.online.catalogue import OURS, RANKING, Catalogue
from jobs.online.colours import Colours, colours_of
from jobs.runtime.errors import LongtailError
from jobs.runtime.lock import only_registrar


class _Registered(Protocol):
    name: str
    tags: dict[str, str]


Registered = TypeVar("Registered", bound=_Registered)


def register(store: FeatureStore, catalogue: Catalogue) -> list[str]:
    """Applies everything and removes what is no longer declared, in one registry write; returns the names removed.

    What each colour holds stays as it is. Objects that others registered in the same project are left alone.
    """
    with changing_registry(store):
        known = {service.name: service for service in store.list_feature_services()}
        services = catalogue.services(colours_of(known[RANKING].tags) if RANKING in known else Colours())
        gone = [
            *_undeclared(known.values(), {service.name for service in services}),
            *_undeclared(store.list_feature_views(), {view.name for view in catalogue.coloured.values()}),
            *_undeclared(store.list_entities(), set(catalogue.entities)),
            *_undeclared(store.list_data_sources(), set(catalogue.sources)),
        ]
        declared = [*catalogue.entities.values(), *catalogue.coloured.values(), *services]
        store.apply(declared, objects_to_delete=gone, partial=False)
    return sorted(one.name for one in gone)


def registered_colours(store: FeatureStore) -> Colours:
    """The colours of the registered services. Raises LongtailError where none are registered."""
    try:
        return colours_of(store.get_feature_service(RANKING).tags)
    except FeatureServiceNotFoundException as error:
        raise LongtailError(
            f"The feature service {RANKING} is not registered.", "Run jobs/register_features.py."
        ) from error


def point_services(store: FeatureStore, catalogue: Catalogue, colours: Colours) -> None:
    """Makes `colours` what the services say and serve, by one registry write."""
    with changing_registry(store):
        store.apply(catalogue.services(colours))


@contextmanager
def changing_registry(store: FeatureStore) -> Iterator[None]:
    """While it lasts, nobody else changes the registry; it begins with the registry as it is now.

    Feast writes the registry as it last read it, so what others registered since then would be lost.
    """
    with only_registrar(Path(store.config.registry.path)):
        store.refresh_registry()
        yield


def _undeclared(registered: Iterable[Registered], declared: set[str]) -> list[Registered]:
    return [one for one in registered if OURS.items() <= one.tags.items() and one.name not in declared]
