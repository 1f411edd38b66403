"""Feast's objects: entities, every view in both colours, and the services that hide the colour."""

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
from jobs.online.feast_warnings import hush_feast
from jobs.online.field_types import feast_type
from jobs.online.fields import OnlineView

RANKING = "storefront_ranking"
OURS = {"managed_by": "longtail"}

_ENTITIES = {"user": "A shopper.", "item": "A product."}
# Feast asks for the key of every entity of a service, and reads all that a service has: a question has one of its own.
_SERVICES = {
    RANKING: (
        "The answer for a shopper and an item: list, boost, features of both.",
        ("user_exposure", "item_exposure", "user_features", "item_features"),
    ),
    "storefront_user": ("The answer for a shopper: list and features.", ("user_exposure", "user_features")),
    "storefront_item": ("The answer for an item: boost and features.", ("item_exposure", "item_features")),
    "storefront_list": ("A shopper's list alone.", ("user_exposure",)),
    "storefront_boost": ("An item's boost alone.", ("item_exposure",)),
}


@dataclass(frozen=True)
class Catalogue:
    """Everything that is registered, but for the services, which depend on the live colour."""

    views: tuple[OnlineView, ...]
    entities: dict[str, Entity]
    sources: dict[str, DataSource]
    coloured: dict[tuple[str, Colour], FeatureView]

    @property
    def features(self) -> frozenset[str]:
        """Every declared feature as `view:feature`."""
        return frozenset(f"{view.name}:{name}" for view in self.views for name in view.field_names)

    def services(self, colours: Colours) -> list[FeatureService]:
        """The services at the live colour, with the features that its night was written with, as far as still declared.

        A newly declared feature thus appears with the first night that holds it, and never as NULL.
        """
        night = colours.held.get(colours.served)
        served = self.features if night is None else self.features & night.features
        return [
            FeatureService(
                name=name,
                features=[
                    self.coloured[view.name, colours.served][names].with_name(view.name)
                    for view in self.views
                    if view.name in views
                    and (names := [one for one in view.field_names if f"{view.name}:{one}" in served])
                ],
                tags=OURS | colours.to_tags(),
                description=meaning,
            )
            for name, (meaning, views) in _SERVICES.items()
        ]


def entity_of(name: str) -> Entity:
    """Feast's entity user or item."""
    return Entity(
        name=name,
        join_keys=[f"{name}_id"],
        value_type=ValueType.STRING,
        description=_ENTITIES[name],
        tags=dict(OURS),
    )


def build_catalogue(views: Iterable[OnlineView]) -> Catalogue:
    """Feast's objects for the views. Raises LongtailError naming a feature whose type cannot be served."""
    hush_feast()
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
        Field(name=one.name, dtype=feast_type(one.name, one.type), description=one.meaning, tags=dict(one.tags))
        for one in view.fields
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
    # file_format="delta" raises; the table format with a path is Feast's way to Delta. A query goes before the path.
    return SparkSource(
        name=view.name,
        path=view.table,
        query=view.query,
        table_format=DeltaFormat(),
        timestamp_field=view.timestamp,
        description=view.meaning,
        tags=dict(OURS),
    )
