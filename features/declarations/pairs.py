"""The features of a shopper and an item together: of events of the one with the other."""

from __future__ import annotations

from functools import partial

from features.declarations.feature import Feature, Group
from features.derived.pairs import days_since_last, unanswered_exposures

PAIR_DAYS = 90  # the longest window

_attention = Group("pair", "daily_pair", "storefront")
_demand = Group("pair", "daily_pair", "demand")

PAIR_FEATURES: tuple[Feature, ...] = (
    *_attention.over(
        (28,), "pair_views", "count", "views_weight", "Views of the item's page by the shopper {window}.", event="view"
    ),
    *_attention.over(
        (28,), "pair_clicks", "count", "clicks_weight", "Clicks on the item by the shopper {window}.", event="click"
    ),
    *_attention.over(
        (28,), "pair_carts", "count", "carts_weight", "Times that the shopper put the item into the cart {window}.",
        event="cart",
    ),
    *_attention.over(
        (PAIR_DAYS,), "pair_favourites", "count", "favourites_weight",
        "Times that the shopper put the item on a list of favourites {window}.", event="favourite",
    ),
    _attention.days_since(
        "pair_view", ("day", "views_weight"), partial(days_since_last, "views_weight", PAIR_DAYS),
        f"Days since the shopper last viewed the item; 9999 if not in the last {PAIR_DAYS} days.",
    ),
    _attention.days_since(
        "pair_cart", ("day", "carts_weight"), partial(days_since_last, "carts_weight", PAIR_DAYS),
        f"Days since the shopper last put the item into the cart; 9999 if not in the last {PAIR_DAYS} days.",
    ),
    _attention.derived(
        "pair_unanswered", "count", 28,
        (
            "exposures_weight", "clicks_weight", "views_weight", "favourites_weight", "carts_weight",
            "purchases_count",
        ),
        "Fatigue: exposures of the item to the shopper {window}, by sample weight, on days without a click, a view, a "
        "favourite, a cart or a purchase of it.",
        expression=partial(unanswered_exposures, 28),
    ),
    *_demand.over(
        (PAIR_DAYS,), "pair_returns", "count", "returns_count",
        "Lines of the item that the shopper sent back {window}.", event="return",
    ),
)  # fmt: skip
