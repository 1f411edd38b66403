"""Features that carry no information without an input of the store."""

from __future__ import annotations

import pytest

from jobs.sources.missing_inputs import silent_features


@pytest.mark.parametrize(
    ("absent", "features"),
    [
        (set(), []),
        ({"returns"}, ["item.returns_count_90d", "item.return_share_90d"]),
        (
            {"clicks", "carts"},
            [
                "item.clicks_count_28d",
                "item.carts_count_28d",
                "item.view_cart_share_28d",
                "item.cart_purchase_share_28d",
                "user.carts_count_28d",
                "user.left_in_cart_count_28d",
            ],
        ),
        (
            {"favourites"},
            ["item.favourites_count_28d", "item.favourites_count_life", "user.favourites_count_28d"],
        ),
        ({"events.store_id"}, ["user.stores_count_90d", "user.store_favourite_90d"]),
        (
            {"items.brand"},
            [
                "item.brand",
                "user.brands_count_90d",
                "user.top_brands_names_90d",
                "user.top_brands_shares_90d",
                "user.browsed_brands_names_28d",
                "user.browsed_brands_shares_28d",
            ],
        ),
        ({"items.stock_quantity"}, ["item.stock_on_hand", "item.is_stock_tracked", "item.stock_cover_days"]),
        ({"promotions"}, ["item.promotions_count_28d", "item.is_promoted", "item.days_since_last_promotion"]),
        ({"searches"}, ["user.searches_count_28d", "user.searches_queries_28d"]),
        ({"items.description", "events.placement"}, []),
    ],
)
def test_features_without_their_input_are_named(absent: set[str], features: list[str]) -> None:
    assert silent_features(frozenset(absent)) == features


def test_all_features_of_exposures_need_exposures() -> None:
    features = silent_features(frozenset({"exposures"}))
    assert {name.split(".")[1].rpartition("_")[0] for name in features} == {"exposures_count", "response_share"}
    assert len(features) == 7
