"""The channels of the first stage: each scores all eligible items for a block of shoppers.

A new channel is declared here, once, and gets two phrases in each language of `model.phrases`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import numpy as np
from scipy import sparse

from model.families import Family
from model.retrieval import item_statistics, links, stores, taste, texts
from model.retrieval.affinities import (
    affinity,
    category_novelty,
    loyalty,
    price_gap,
    type_novelty,
    type_recency,
    type_variety,
)
from model.retrieval.catalogue import Catalogue
from model.retrieval.channel import Channel
from model.retrieval.item_statistics import ItemSales, ItemScore, Popularity, Statistic
from model.retrieval.links import LIKE_TEXTS, LinkInputs, Links, LinkSettings
from model.retrieval.scores import ChannelScores
from model.retrieval.sequences import LinkScores
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import Shoppers
from model.retrieval.signal_channels import PICTURES_OF_ITEMS, SIGNAL_CHANNELS

_TYPE, _CATEGORY, _BRAND, _PROVIDER = "items.product_type", "items.category", "items.brand", "items.provider_id"


def _by_name(*channels: Channel) -> dict[str, Channel]:
    return {channel.name: channel for channel in channels}


def _popularity(name: str, meaning: str, half_life_days: float | None = None) -> Channel:
    return Channel(name, meaning, "popularity", Popularity(name, half_life_days))


def _statistic(
    name: str, meaning: str, family: Family, function: Callable[[ItemSales], np.ndarray], needs: tuple[str, ...] = ()
) -> Channel:
    return Channel(name, meaning, family, Statistic(name, function), needs)


# Those of every first stage, in the order of `candidates.channel_scores`, which trained models rely on.
CHANNELS = _by_name(
    Channel("als", "Product of the factors of shopper and item by implicit ALS.", "taste", taste.als),
    Channel("text_history", "Likeness of the item's text to the texts last bought.", "text", texts.text_history),
    Channel("text_two_tower", "Likeness of the item's text to the shopper's.", "text", texts.text_two_tower),
    Channel("neighbours", "Purchases of the item by the most similar shoppers.", "taste", taste.neighbours),
    Channel(
        "store_popularity", "Purchases of the item in the shopper's stores.", "store", stores.store_popularity,
        ("events.store_id",),
    ),
    Channel(
        "store_promotion", "Weeks with a promotion of the item in the shopper's stores.", "promotion",
        stores.store_promotion, ("promotions", "events.store_id"),
    ),
    Channel("type_affinity", "Recent purchases of the item's type.", "type", affinity("product_type"), (_TYPE,)),
    Channel("type_loyalty", "All purchases of the item's type.", "type", loyalty("product_type"), (_TYPE,)),
    Channel("type_recency", "How recent the last purchase of the item's type is.", "type", type_recency, (_TYPE,)),
    Channel("type_variety", "Different items of the item's type ever bought.", "type", type_variety, (_TYPE,)),
    Channel("type_novelty", "Items of the item's type recently bought first.", "type", type_novelty, (_TYPE,)),
    Channel(
        "category_affinity", "Recent purchases of the item's category.", "category", affinity("category"), (_CATEGORY,)
    ),
    Channel(
        "category_novelty", "Items of the item's category recently bought first.", "category", category_novelty,
        (_CATEGORY,),
    ),
    Channel(
        "brand_type_affinity", "Recent purchases of the item's brand within its type.", "maker",
        affinity("brand_type"), (_BRAND, _TYPE),
    ),
    Channel(
        "provider_type_affinity", "Recent purchases from the item's provider within its type.", "maker",
        affinity("provider_type"), (_PROVIDER, _TYPE),
    ),
    Channel(
        "provider_type_loyalty", "All purchases from the item's provider within its type.", "maker",
        loyalty("provider_type"), (_PROVIDER, _TYPE),
    ),
    Channel(
        "provider_category_affinity", "Recent purchases from the item's provider within its category.", "maker",
        affinity("provider_category"), (_PROVIDER, _CATEGORY),
    ),
    Channel(
        "provider_category_loyalty", "All purchases from the item's provider within its category.", "maker",
        loyalty("provider_category"), (_PROVIDER, _CATEGORY),
    ),
    Channel("title_loyalty", "All purchases of items with the item's title.", "type", loyalty("title")),
    Channel("price_gap", "Distance from the price usually paid for the item's type.", "price", price_gap, (_TYPE,)),
    _popularity("popularity", "Recent purchases of the item, by the configured half-life."),
    _popularity("popularity_7d", "Purchases of the item with a half-life of 7 days.", 7.0),
    _popularity("popularity_30d", "Purchases of the item with a half-life of 30 days.", 30.0),
    _popularity("popularity_90d", "Purchases of the item with a half-life of 90 days.", 90.0),
    _statistic("buyers", "Different shoppers who ever bought the item.", "popularity", item_statistics.buyers),
    _statistic("repeat_rate", "Purchases of the item a buyer.", "popularity", item_statistics.repeat_rate),
    _statistic(
        "share_of_type", "The item's share of its type's purchases.", "popularity", item_statistics.share_of_type,
        (_TYPE,),
    ),
    _statistic(
        "days_since_last_sale", "Days since the item was last sold.", "popularity",
        item_statistics.days_since_last_sale,
    ),
    _statistic(
        "days_since_first_sale", "Days since the item was first sold.", "age", item_statistics.days_since_first_sale
    ),
    _statistic(
        "promotion_reach", "Stores that promote the item, by the weeks in which they do.", "promotion",
        item_statistics.promotion_reach, ("promotions",),
    ),
)  # fmt: skip

# Those of ordered histories, of words and of pictures, which `sequences.channels` adds.
SEQUENCE_CHANNELS = _by_name(
    Channel("next_item", "Links from the last item bought.", "taste", LinkScores(links.TRANSITIONS, "newest")),
    Channel("transitions", "Links to what follows.", "taste", LinkScores(links.TRANSITIONS, "decayed")),
    Channel("transitions_back", "Links to what comes before.", "taste", LinkScores(links.TRANSITIONS_BACK, "decayed")),
    Channel("item_knn", "Shoppers shared with all items bought.", "taste", LinkScores(links.COSINES, "mean")),
    Channel("item_knn_decayed", "Shoppers shared with the last items.", "taste", LinkScores(links.COSINES, "decayed")),
    Channel("ease", "Weights of EASE from all items bought.", "taste", LinkScores(links.EASE, "mean")),
    Channel("ease_decayed", "Weights of EASE from the last items.", "taste", LinkScores(links.EASE, "decayed")),
    Channel(
        "transitions_from_like_texts", "What follows items like the last ones.", "taste",
        LinkScores(links.TRANSITIONS, "decayed", spread="before"),
    ),
    Channel(
        "transitions_to_like_texts", "Likeness to what follows the last items.", "taste",
        LinkScores(links.TRANSITIONS, "decayed", spread="after"),
    ),
    Channel(
        "item_knn_from_like_texts", "Shoppers shared with items like the last ones.", "taste",
        LinkScores(links.COSINES, "decayed", spread="before"),
    ),
    Channel(
        "item_knn_to_like_texts", "Likeness to items that share shoppers with the last ones.", "taste",
        LinkScores(links.COSINES, "decayed", spread="after"),
    ),
    Channel(
        "transitions_between_like_texts", "Likeness to what follows items like the last ones.", "taste",
        LinkScores(links.TRANSITIONS, "decayed", spread="both"),
    ),
    Channel(
        "item_knn_between_like_texts", "Likeness to items that share shoppers with items like the last ones.", "taste",
        LinkScores(links.COSINES, "decayed", spread="both"),
    ),
    Channel(
        "type_transitions", "Links to what follows, between types.", "type",
        LinkScores(links.TYPE_TRANSITIONS, "decayed"), (_TYPE,),
    ),
    Channel(
        "type_knn", "Shoppers shared, between types.", "type", LinkScores(links.TYPE_COSINES, "mean"), (_TYPE,)
    ),
    Channel(
        "brand_transitions", "Links to what follows, between brands within types.", "maker",
        LinkScores(links.BRAND_TRANSITIONS, "decayed"), (_BRAND, _TYPE),
    ),
    Channel(
        "brand_knn", "Shoppers shared, between brands within types.", "maker",
        LinkScores(links.BRAND_COSINES, "mean"), (_BRAND, _TYPE),
    ),
    Channel("words", "Words shared with one of the last texts.", "text", LinkScores(links.WORDS, "decayed", "maximum")),
    Channel("words_newest", "Words shared with the last text.", "text", LinkScores(links.WORDS, "newest")),
    Channel("words_mean", "Words shared with all texts bought.", "text", LinkScores(links.WORDS, "mean")),
    Channel(
        "characters", "Groups of characters shared with one of the last texts.", "text",
        LinkScores(links.CHARACTERS, "decayed", "maximum"),
    ),
    Channel(
        "characters_newest", "Groups of characters shared with the last text.", "text",
        LinkScores(links.CHARACTERS, "newest"),
    ),
    Channel(
        "characters_mean", "Groups of characters shared with all texts bought.", "text",
        LinkScores(links.CHARACTERS, "mean"),
    ),
    Channel(
        "pictures", "Likeness of the item's picture to one of those last bought.", "text",
        LinkScores(links.PICTURES, "decayed", "maximum"), (PICTURES_OF_ITEMS,),
    ),
    Channel(
        "pictures_mean", "Likeness of the item's picture to the mean of those bought.", "text",
        LinkScores(links.PICTURES, "mean"), (PICTURES_OF_ITEMS,),
    ),
)  # fmt: skip

ALL_CHANNELS = {**CHANNELS, **SEQUENCE_CHANNELS, **SIGNAL_CHANNELS}
# The same for every shopper: the names in `Catalogue.item_statistics`.
ITEM_SCORES = tuple(channel.score for channel in CHANNELS.values() if isinstance(channel.score, ItemScore))


def declared(name: str) -> Channel:
    """A channel by its name. Raises ValueError for one that only another version of the code declares."""
    if name not in ALL_CHANNELS:
        raise ValueError(f"There is no channel {name} in this version. Score with the version that trained the model.")
    return ALL_CHANNELS[name]


def silent_channels(names: Iterable[str], absent: Collection[str]) -> tuple[str, ...]:
    """The channels that give all items the same score in a store without these columns, tables or kinds of events."""
    return tuple(
        name for name in names if any(set(need.split(" or ")).issubset(absent) for need in declared(name).needs)
    )


def negative_channels(names: Iterable[str]) -> frozenset[str]:
    """Those of negative feedback, which the first stage may only weigh against an item."""
    return frozenset(name for name in names if declared(name).negative)


def popularity_half_lives(configured_days: float) -> dict[str, float]:
    """Half-life in days by the name of each popularity channel."""
    popularities = [score for score in ITEM_SCORES if isinstance(score, Popularity)]
    return {score.name: score.half_life_days or configured_days for score in popularities}


def links_followed(names: Iterable[str]) -> tuple[Links, ...]:
    """The links that these channels follow, each once."""
    scores = _link_scores(names)
    spread = (LIKE_TEXTS,) if any(score.spread for score in scores.values()) else ()
    return tuple(dict.fromkeys((*(score.links for score in scores.values()), *spread)))


def learn_links(names: Iterable[str], inputs: LinkInputs, settings: LinkSettings) -> dict[str, sparse.csr_matrix]:
    """The links that these channels follow, by name, for `Catalogue.links`."""
    return {kind.name: kind.learn(inputs, settings) for kind in links_followed(names)}


def channels_of_all_items(names: Iterable[str]) -> list[str]:
    """Those that share scores between eligible items, and so need them all at once."""
    return [name for name, score in _link_scores(names).items() if score.needs_all_items]


def _link_scores(names: Iterable[str]) -> dict[str, LinkScores]:
    scores = {name: declared(name).score for name in names}
    return {name: score for name, score in scores.items() if isinstance(score, LinkScores)}


def score_channels(
    catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings, names: tuple[str, ...]
) -> list[ChannelScores]:
    """Scores of the named channels, float32; those of the item alone have one row for all shoppers."""
    scores = []
    for name in names:
        raw = declared(name).score(catalogue, shoppers, settings)
        values, column = (raw.values, raw.column) if isinstance(raw, ChannelScores) else (raw, None)
        scores.append(ChannelScores(values.astype(np.float32, copy=False), column))
    return scores
