"""Names that the client and the nights share: Feast's services and views, keys of fallback lists."""

from __future__ import annotations

# Feast's feature services.
RANKING = "storefront_ranking"  # a shopper and items: list, boosts, features of both
USER = "storefront_user"  # a shopper: list and features
ITEM = "storefront_item"  # an item: boost and features
LIST = "storefront_list"  # a shopper's list without features: many times faster to read
BOOST = "storefront_boost"  # an item's boost without features
NEIGHBOURS = "storefront_neighbours"  # an item's neighbours in sessions, where the nights write them
LIVE = "storefront_live"  # an item's counts of the day so far
# Feast's feature views; a row names its values `view__feature`.
USER_EXPOSURE_VIEW = "user_exposure"
ITEM_EXPOSURE_VIEW = "item_exposure"
ITEM_POTENTIAL_VIEW = "item_potential"
ITEM_NEIGHBOURS_VIEW = "item_neighbours"
USER_FEATURES_VIEW = "user_features"
ITEM_FEATURES_VIEW = "item_features"
LIVE_ITEM_VIEW = "live_item"

EVERYONE = "everyone"  # the segment whose fallback list suits any shopper
SEGMENT_PREFIX = "segment:"  # of the keys of fallback lists, which stand where a user_id does
EVERYONE_KEY = f"{SEGMENT_PREFIX}{EVERYONE}"
