"""Feast's objects: entities, every view in both colours, and services that hide the colour from readers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, ValueType
from feast.data_source import DataSource
from feast.infra.offline_stores.contrib.spark_offline_store.spark_source import SparkSource
from feast.table_format import DeltaFormat
from feast.types import String

from jobs.online.colours import COLOURS, Colour, Colours
from jobs.online.feast_warnings import silence_feast
from jobs.online.field_types import feast_type
from jobs.online.fields import OnlineView
from jobs.serving.client import (
    BOOST,
    ITEM,
    ITEM_EXPOSURE_VIEW,
    ITEM_FEATURES_VIEW,
    ITEM_NEIGHBOURS_VIEW,
    ITEM_POTENTIAL_VIEW,
    LIST,
    NEIGHBOURS,
    RANKING,
    USER,
    USER_EXPOSURE_VIEW,
    USER_FEATURES_VIEW,
)

OURS = {"managed_by": "longtail"}

_ENTITIES = {"user": "A shopper.", "item": "A product."}
# Feast demands the keys of all entities of a service and reads all its features, so each question has its own service.
SERVICES = {
    RANKING: (
        "Everything about a shopper and an item: list, boost, potential, features of both.",
        (USER_EXPOSURE_VIEW, ITEM_EXPOSURE_VIEW, ITEM_POTENTIAL_VIEW, USER_FEATURES_VIEW, ITEM_FEATURES_VIEW),
    ),
    USER: ("A shopper's list and features.", (USER_EXPOSURE_VIEW, USER_FEATURES_VIEW)),
    ITEM: ("An item's boost, potential and features.", (ITEM_EXPOSURE_VIEW, ITEM_POTENTIAL_VIEW, ITEM_FEATURES_VIEW)),
    LIST: ("A shopper's list without features.", (USER_EXPOSURE_VIEW,)),
    BOOST: ("An item's boost without features.", (ITEM_EXPOSURE_VIEW,)),
    NEIGHBOURS: ("What sessions with an item hold more often than others.", (ITEM_NEIGHBOURS_VIEW,)),
}


@dataclass(frozen=True)
class Catalogue:
    """Everything that is registered except the services, which depend on the live colour."""

    views: tuple[OnlineView, ...]
    entities: dict[str, Entity]
    sources: dict[str, DataSource]
    coloured: dict[tuple[str, Colour], FeatureView]

    @property
    def features(self) -> frozenset[str]:
        """Every declared feature as `view:feature`."""
        return frozenset(f"{view.name}:{name}" for view in self.views for name in view.field_names)

    def services(self, colours: Colours) -> list[FeatureService]:
        """The services at the live colour, with those declared features that its night was written with.

        A new feature thus appears with the first night that holds it and is never read as NULL; a service of none of
        them is left out.
        """
        night = colours.held.get(colours.served)
        served = self.features if night is None else self.features & night.features
        services = []
        for name, (meaning, views) in SERVICES.items():
            features = [
                self.coloured[view.name, colours.served][names].with_name(view.name)
                for view in self.views
                if view.name in views
                and (names := [field for field in view.field_names if f"{view.name}:{field}" in served])
            ]
            if features:
                tags = OURS | colours.to_tags()
                services.append(FeatureService(name=name, features=features, tags=tags, description=meaning))
        return services


def entity_of(name: str) -> Entity:
    """Feast's entity, 'user' or 'item'."""
    return Entity(
        name=name,
        join_keys=[f"{name}_id"],
        value_type=ValueType.STRING,
        description=_ENTITIES[name],
        tags=dict(OURS),
    )


def build_catalogue(views: Iterable[OnlineView]) -> Catalogue:
    """Builds Feast's objects for the views. Raises LongtailError naming a feature whose type cannot be served."""
    silence_feast()
    views = tuple(views)
    entities = {name: entity_of(name) for name in _ENTITIES}
    sources = {view.name: _source(view) for view in views}
    coloured = {
        (view.name, colour): _coloured(view, colour, entities[view.entity], sources[view.name])
        for view in views
        for colour in COLOURS
    }
    return Catalogue(views, entities, sources, coloured)


def _coloured(view: OnlineView, colour: Colour, entity: Entity, source: DataSource) -> FeatureView:
    features = [
        Field(
            name=field.name, dtype=feast_type(field.name, field.type), description=field.meaning, tags=dict(field.tags)
        )
        for field in view.fields
    ]
    return FeatureView(
        name=f"{view.name}_{colour}",
        entities=[entity],
        schema=[Field(name=view.join_key, dtype=String), *features],
        ttl=timedelta(0),
        source=source,
        description=view.meaning,
        tags=OURS | {"view": view.name, "colour": colour},
    )


def _source(view: OnlineView) -> DataSource:
    # file_format="delta" raises: Feast reads Delta by table format and path. A query takes precedence over the path.
    return SparkSource(
        name=view.name,
        path=view.table,
        query=view.query,
        table_format=DeltaFormat(),
        timestamp_field=view.timestamp,
        description=view.meaning,
        tags=dict(OURS),
    )
