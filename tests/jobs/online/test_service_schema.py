"""The interface of ranking services: names and types of the storefront's services. A change here breaks readers."""

from __future__ import annotations

from pathlib import Path

import yaml

from jobs.live.online import register_live
from jobs.online.store import open_store
from tests.jobs.online.frames import published_in

SERVICES = {
    "storefront_ranking": {"user_exposure", "item_exposure", "item_potential", "user_features", "item_features"},
    "storefront_user": {"user_exposure", "user_features"},
    "storefront_item": {"item_exposure", "item_potential", "item_features"},
    "storefront_list": {"user_exposure"},
    "storefront_boost": {"item_exposure"},
    "storefront_live": {"live_item"},
    "shopper_live": {"live_user"},
}
# Every feature with its type. Add new features; a removed or changed one breaks readers.
SCHEMA = yaml.safe_load((Path(__file__).parent / "service_schema.yaml").read_text(encoding="utf-8"))


def test_services_and_their_schema_are_stable(tmp_path: Path) -> None:
    store = open_store(published_in(tmp_path))
    register_live(store, lambda table: f"somewhere/{table.name}")
    assert {service.name for service in store.list_feature_services()} == set(SERVICES)
    for name, views in SERVICES.items():
        projections = {p.name_to_use(): p for p in store.get_feature_service(name).feature_view_projections}
        assert set(projections) == views
        for view, projection in projections.items():
            assert {field.name: str(field.dtype) for field in projection.features} == SCHEMA[view]
    assert {entity.name: entity.join_key for entity in store.list_entities()} == {"user": "user_id", "item": "item_id"}
