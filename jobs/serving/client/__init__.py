"""A client of Longtail's online features for a ranking service. Copy this folder: it needs only Feast.

    client = StorefrontClient("warehouse/feast/reader.yaml")
    shown = client.user_list("1234", segment="new", already_shown=["77"])   # the shopper's tail items, best first
    boosts = client.boosts(["1082185", "995242"])       # to add to the scores of any other list
    log(client.exposure_events(shown, request_id="r-1", placement="tail_shelf"))

Longtail publishes a night at once, so an answer always comes from a single night. The feature service names the live
copy of the data: every request resolves the service again, because a service object held over keeps reading yesterday's
copy.
"""

from .answers import Boosts, ListOrder, OnStale, PublishedNight, RankedItem, Row, Source, UserList
from .call_statistics import CallStatistics, Statistics
from .failures import StorefrontUnavailable
from .names import (
    BOOST,
    EVERYONE,
    ITEM,
    ITEM_EXPOSURE_VIEW,
    ITEM_FEATURES_VIEW,
    ITEM_NEIGHBOURS_VIEW,
    ITEM_POTENTIAL_VIEW,
    LIST,
    LIVE,
    LIVE_ITEM_VIEW,
    NEIGHBOURS,
    RANKING,
    SEGMENT_PREFIX,
    USER,
    USER_EXPOSURE_VIEW,
    USER_FEATURES_VIEW,
)
from .search import SearchClient
from .storefront import StorefrontClient

__all__ = [
    "BOOST",
    "EVERYONE",
    "ITEM",
    "ITEM_EXPOSURE_VIEW",
    "ITEM_FEATURES_VIEW",
    "ITEM_NEIGHBOURS_VIEW",
    "ITEM_POTENTIAL_VIEW",
    "LIST",
    "LIVE",
    "LIVE_ITEM_VIEW",
    "NEIGHBOURS",
    "RANKING",
    "SEGMENT_PREFIX",
    "USER",
    "USER_EXPOSURE_VIEW",
    "USER_FEATURES_VIEW",
    "Boosts",
    "CallStatistics",
    "ListOrder",
    "OnStale",
    "PublishedNight",
    "RankedItem",
    "Row",
    "SearchClient",
    "Source",
    "Statistics",
    "StorefrontClient",
    "StorefrontUnavailable",
    "UserList",
]
