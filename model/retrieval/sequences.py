"""Channels of shoppers' ordered histories: links of the items bought, newest first, to the items that may follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from model.retrieval.catalogue import Catalogue
from model.retrieval.scores import ChannelScores
from model.retrieval.shoppers import Shoppers

TEXT_NEIGHBOURS = "text_neighbours"


@dataclass(frozen=True)
class LinkChannel:
    """Score of item i = sum, or maximum, over history items h of weight(h) * links[h, i].

    The weight of the item n places back is decay^n (`decayed`), 1 / number of items (`mean`), or 1 for the newest and 0
    for others (`newest`). `spread` shares the scores among items of like text: the history's items pass theirs on
    before the links are followed, or the scored items after it, so that items with few links of their own get some.
    """

    links: str
    history: Literal["newest", "decayed", "mean"]
    combine: Literal["sum", "maximum"] = "sum"
    spread: Literal["", "before", "after", "both"] = ""
    of: Literal["item", "text_row", "product_type", "category", "brand_type"] = "item"


LINK_CHANNELS: dict[str, LinkChannel] = {
    "next_item": LinkChannel("transitions", "newest"),
    "transitions": LinkChannel("transitions", "decayed"),
    "transitions_back": LinkChannel("transitions_back", "decayed"),
    "item_knn": LinkChannel("cosines", "mean"),
    "item_knn_decayed": LinkChannel("cosines", "decayed"),
    "ease": LinkChannel("ease", "mean"),
    "ease_decayed": LinkChannel("ease", "decayed"),
    "transitions_from_like_texts": LinkChannel("transitions", "decayed", spread="before"),
    "transitions_to_like_texts": LinkChannel("transitions", "decayed", spread="after"),
    "item_knn_from_like_texts": LinkChannel("cosines", "decayed", spread="before"),
    "item_knn_to_like_texts": LinkChannel("cosines", "decayed", spread="after"),
    "transitions_between_like_texts": LinkChannel("transitions", "decayed", spread="both"),
    "item_knn_between_like_texts": LinkChannel("cosines", "decayed", spread="both"),
    "type_transitions": LinkChannel("type_transitions", "decayed", of="product_type"),
    "type_knn": LinkChannel("type_cosines", "mean", of="product_type"),
    "brand_transitions": LinkChannel("brand_transitions", "decayed", of="brand_type"),
    "brand_knn": LinkChannel("brand_cosines", "mean", of="brand_type"),
    "words": LinkChannel("words", "decayed", "maximum", of="text_row"),
    "words_newest": LinkChannel("words", "newest", of="text_row"),
    "words_mean": LinkChannel("words", "mean", of="text_row"),
    "characters": LinkChannel("characters", "decayed", "maximum", of="text_row"),
    "characters_newest": LinkChannel("characters", "newest", of="text_row"),
    "characters_mean": LinkChannel("characters", "mean", of="text_row"),
}


def link_scores(
    channel: LinkChannel, catalogue: Catalogue, shoppers: Shoppers, history_items: int, history_decay: float
) -> ChannelScores:
    """One score for each eligible item or group; zero where the catalogue does not have the channel's links."""
    links = catalogue.links.get(channel.links)
    if links is None or (channel.spread and TEXT_NEIGHBOURS not in catalogue.links):
        return ChannelScores(np.zeros((1, len(catalogue.eligible)), dtype=np.float32))
    length = 1 if channel.history == "newest" else history_items
    group, column = (None, None) if channel.of == "item" else catalogue.grouping(channel.of)
    places = newest_places(shoppers, group, length)
    if channel.of not in {"item", "text_row"}:
        places = np.where(places == 0, -1, places)
    if channel.combine == "maximum":
        found = _maximum(places, links, history_decay)
    else:
        weights = _weights(places, links.shape[0], history_decay if channel.history == "decayed" else None)
        found = _followed(channel, catalogue, weights, links)
    return ChannelScores(found, column)


def _followed(
    channel: LinkChannel, catalogue: Catalogue, weights: sparse.csr_matrix, links: sparse.csr_matrix
) -> np.ndarray:
    if channel.spread in {"before", "both"}:
        weights = weights @ catalogue.links[TEXT_NEIGHBOURS]
    scores = weights @ links
    if channel.spread in {"after", "both"}:
        like = catalogue.links[TEXT_NEIGHBOURS][catalogue.eligible][:, catalogue.eligible]
        scores = scores @ like.T.tocsr()
    return np.asarray(scores.toarray())


def newest_places(shoppers: Shoppers, group: np.ndarray | None, length: int) -> np.ndarray:
    """[b, length] the distinct items bought, or the distinct groups [m] of these, newest first; -1 where fewer."""
    bought = shoppers.item.astype(np.int64) if group is None else group[shoppers.item].astype(np.int64)
    _, first = np.unique(shoppers.row * (bought.max(initial=0) + 1) + bought, return_index=True)
    kept = np.sort(first)
    row, item = shoppers.row[kept], bought[kept]
    count = np.bincount(row, minlength=len(shoppers))
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    places = np.full((len(shoppers), length), -1, dtype=np.int64)
    near = place < length
    places[row[near], place[near]] = item[near]
    return places


def _weights(places: np.ndarray, items: int, decay: float | None) -> sparse.csr_matrix:
    row, place = np.nonzero(places >= 0)
    count = np.bincount(row, minlength=len(places))
    data = 1.0 / count[row] if decay is None else np.power(decay, place, dtype=np.float64)
    return sparse.csr_matrix((data.astype(np.float32), (row, places[row, place])), shape=(len(places), items))


def _maximum(places: np.ndarray, links: sparse.csr_matrix, decay: float) -> np.ndarray:
    best = np.zeros((len(places), links.shape[1]), dtype=np.float32)
    for place in range(places.shape[1]):
        user = np.flatnonzero(places[:, place] >= 0)
        if not len(user):
            continue
        item = places[user, place]
        length = links.indptr[item + 1] - links.indptr[item]
        start = np.repeat(links.indptr[item] - np.cumsum(length) + length, length)
        entry = start + np.arange(length.sum())
        # A shopper has one item a place, so no pair of shopper and item occurs twice here.
        cell = (np.repeat(user, length), links.indices[entry])
        best[cell] = np.maximum(best[cell], links.data[entry] * np.float32(decay**place))
    return best
