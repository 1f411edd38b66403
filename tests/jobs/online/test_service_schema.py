"""What the ranking service relies on: names and types of the storefront's services. A change here breaks readers."""

from __future__ import annotations

from pathlib import Path

from jobs.online.store import open_store
from tests.jobs.online.frames import published_in

LISTS = {
    "user_exposure": {
        "item_ids": "Array(String)", "scores": "Array(Float64)", "relevances": "Array(Float64)",
        "boosts": "Array(Float64)", "propensities": "Array(Float64)", "reasons": "Array(String)",
        "as_of": "String", "policy": "String", "placement": "String", "model_version": "String", "run_id": "String",
        "arm": "String",
    },
    "item_exposure": {"boost": "Float64", "segment": "String", "allocated": "Float64", "as_of": "String"},
}  # fmt: skip
AMONG = {
    "user_features": {"consent_personalisation": "Bool", "visit_probability": "Float64", "visit_days_28d": "Int64"},
    "item_features": {"title": "String", "category": "String", "segment": "String", "is_eligible": "Bool"},
}
SERVICES = {
    "storefront_ranking": {"user_exposure", "item_exposure", "user_features", "item_features"},
    "storefront_user": {"user_exposure", "user_features"},
    "storefront_item": {"item_exposure", "item_features"},
    "storefront_list": {"user_exposure"},
    "storefront_boost": {"item_exposure"},
}


def test_the_services_hold_still(tmp_path: Path) -> None:
    store = open_store(published_in(tmp_path))
    assert {service.name for service in store.list_feature_services()} == set(SERVICES)
    for name, views in SERVICES.items():
        projections = {p.name_to_use(): p for p in store.get_feature_service(name).feature_view_projections}
        assert set(projections) == views
        for view, projection in projections.items():
            served = {field.name: str(field.dtype) for field in projection.features}
            if view in LISTS:
                assert served == LISTS[view]
            else:
                assert AMONG[view].items() <= served.items()
    assert {entity.name: entity.join_key for entity in store.list_entities()} == {"user": "user_id", "item": "item_id"}
