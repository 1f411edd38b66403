"""Channels of views, carts, favourites, searches and negative feedback, which `signals.channels` adds."""

from __future__ import annotations

from collections.abc import Iterable

from model.retrieval.affinities import affinity, type_recency
from model.retrieval.channel import Channel
from model.retrieval.links import PICTURES
from model.retrieval.sequences import LinkScores
from model.retrieval.sessions import SESSION_COSINES
from model.retrieval.shoppers import PURCHASE
from model.retrieval.signals import (
    CART,
    FAVOURITE,
    NEGATIVE,
    SEARCH,
    VIEW,
    QueryScores,
    SignalScore,
    item_affinity,
    on_events,
    regret_rate,
    view_popularity,
    viewers,
)
from model.retrieval.texts import text_history

_TYPE, _CATEGORY, _BRAND, _PROVIDER = "items.product_type", "items.category", "items.brand", "items.provider_id"
_VIEWS, _CARTS, _FAVOURITES = f"{VIEW}s", f"{CART}s", f"{FAVOURITE}s"
PICTURES_OF_ITEMS = "image_embeddings"
_SEARCHES, _REGRETS = "searches", "returns or events.rating"
_SIGNAL_OF = {_VIEWS: VIEW, _CARTS: CART, _FAVOURITES: FAVOURITE, _SEARCHES: SEARCH, _REGRETS: NEGATIVE}

_CHANNELS = (
    Channel("viewed", "Recent views of the item by the shopper.", "taste", item_affinity(VIEW, 7.0), (_VIEWS,)),
    Channel("carted", "Recent carts with the item.", "taste", item_affinity(CART, 7.0), (_CARTS,)),
    Channel("wished", "The shopper's favourites.", "taste", item_affinity(FAVOURITE, 30.0), (_FAVOURITES,)),
    Channel(
        "viewed_type_affinity", "Recent views of the item's type.", "type", on_events(affinity("product_type"), VIEW),
        (_VIEWS, _TYPE),
    ),
    Channel(
        "viewed_type_recency", "How recent the last view of the item's type is.", "type",
        on_events(type_recency, VIEW), (_VIEWS, _TYPE),
    ),
    Channel(
        "viewed_brand_type_affinity", "Recent views of the item's brand within its type.", "maker",
        on_events(affinity("brand_type"), VIEW), (_VIEWS, _BRAND, _TYPE),
    ),
    Channel(
        "carted_type_affinity", "Recent carts with the item's type.", "type", on_events(affinity("product_type"), CART),
        (_CARTS, _TYPE),
    ),
    Channel(
        "carted_brand_type_affinity", "Recent carts with the item's brand within its type.", "maker",
        on_events(affinity("brand_type"), CART), (_CARTS, _BRAND, _TYPE),
    ),
    Channel(
        "wished_brand_type_affinity", "Recent favourites of the item's brand within its type.", "maker",
        on_events(affinity("brand_type"), FAVOURITE), (_FAVOURITES, _BRAND, _TYPE),
    ),
    Channel(
        "text_viewed", "Likeness of the item's text to the texts last viewed.", "text", on_events(text_history, VIEW),
        (_VIEWS,),
    ),
    Channel(
        "pictures_viewed", "Likeness of the item's picture to one of those last viewed.", "text",
        LinkScores(PICTURES, "decayed", "maximum", event_type=VIEW), (_VIEWS, PICTURES_OF_ITEMS),
    ),
    Channel(
        "session_knn", "Sessions shared with the last items viewed.", "taste",
        LinkScores(SESSION_COSINES, "decayed", event_type=VIEW), (_VIEWS,),
    ),
    Channel(
        "session_knn_bought", "Sessions shared with the last items bought.", "taste",
        LinkScores(SESSION_COSINES, "decayed"), (_VIEWS,),
    ),
    Channel("searched", "Words shared with what the shopper searched for.", "text", QueryScores(), (_SEARCHES,)),
    Channel(
        "view_popularity", "Recent views of the item by all visitors.", "popularity",
        SignalScore("view_popularity", view_popularity), (_VIEWS,),
    ),
    Channel(
        "viewers", "Different visitors who viewed the item.", "popularity", SignalScore("viewers", viewers),
        (_VIEWS,),
    ),
    Channel(
        "regretted_brand_type_affinity", "Returns and low ratings of the item's brand within its type.", "maker",
        on_events(affinity("brand_type"), NEGATIVE), (_REGRETS, _BRAND, _TYPE), negative=True,
    ),
    Channel(
        "regretted_provider_category_affinity", "Returns and low ratings of the item's provider within its category.",
        "maker", on_events(affinity("provider_category"), NEGATIVE), (_REGRETS, _PROVIDER, _CATEGORY), negative=True,
    ),
    Channel(
        "regret_rate", "Returns and low ratings of the item a purchase.", "popularity",
        SignalScore("regret_rate", regret_rate), (_REGRETS,), negative=True,
    ),
)  # fmt: skip

SIGNAL_CHANNELS = {channel.name: channel for channel in _CHANNELS}
# The same affinity by the events of each type that ALS can count, from which their weights are learnt.
AFFINITY_OF = {
    PURCHASE: "brand_type_affinity",
    VIEW: "viewed_brand_type_affinity",
    CART: "carted_brand_type_affinity",
    FAVOURITE: "wished_brand_type_affinity",
    NEGATIVE: "regretted_brand_type_affinity",
}


def channels_by_signal(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The signal channels among the names, by the type of event that they score: VIEW, …, NEGATIVE."""
    signals: dict[str, tuple[str, ...]] = {}
    for name in names:
        if name in SIGNAL_CHANNELS:
            signal = _SIGNAL_OF[SIGNAL_CHANNELS[name].needs[0]]
            signals[signal] = (*signals.get(signal, ()), name)
    return signals
