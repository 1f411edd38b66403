"""Channels of shoppers' ordered histories: links of the items bought, newest first, to the items that may follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from model.retrieval.catalogue import Catalogue
from model.retrieval.links import LIKE_TEXTS, Links
from model.retrieval.scores import ChannelScores
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import PURCHASE, Shoppers


@dataclass(frozen=True)
class LinkScores:
    """Score of item i = sum, or maximum, over history items h of weight(h) * links[h, i].

    The weight of the item n places back is decay^n (`decayed`), 1 / number of items (`mean`), or 1 for the newest and 0
    for others (`newest`). `spread` shares the scores among items of like text: the history's items pass theirs on
    before the links are followed, or the scored items after it, so that items with few links of their own get some.
    The history is that of the events of `event_type`.
    """

    links: Links
    history: Literal["newest", "decayed", "mean"]
    combine: Literal["sum", "maximum"] = "sum"
    spread: Literal["", "before", "after", "both"] = ""
    event_type: str = PURCHASE

    @property
    def needs_all_items(self) -> bool:
        """Whether eligible items share scores, so that they cannot be scored in parts."""
        return self.spread in {"after", "both"}

    def __call__(self, catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> ChannelScores:
        """One score for each eligible item or group; zero where the catalogue does not have the channel's links."""
        links = catalogue.links.get(self.links.name)
        if links is None or (self.spread and LIKE_TEXTS.name not in catalogue.links):
            return ChannelScores(np.zeros((1, len(catalogue.eligible)), dtype=np.float32))
        length = 1 if self.history == "newest" else settings.history_items
        group, column = (None, None) if self.links.of == "item" else catalogue.grouping(self.links.of)
        places = newest_places(shoppers.of(self.event_type), group, length)
        if self.links.of not in {"item", "text_row"}:
            places = np.where(places == 0, -1, places)
        if self.combine == "maximum":
            scores = _maximum(places, links, settings.history_decay)
        else:
            decay = settings.history_decay if self.history == "decayed" else None
            scores = self._followed(catalogue, _weights(places, links.shape[0], decay), links)
        return ChannelScores(scores, column)

    def _followed(self, catalogue: Catalogue, weights: sparse.csr_matrix, links: sparse.csr_matrix) -> np.ndarray:
        if self.spread in {"before", "both"}:
            weights = weights @ catalogue.links[LIKE_TEXTS.name]
        scores = weights @ links
        if self.spread in {"after", "both"}:
            like = catalogue.links[LIKE_TEXTS.name][catalogue.eligible][:, catalogue.eligible]
            scores = scores @ like.T.tocsr()
        return np.asarray(scores.toarray())


def newest_places(shoppers: Shoppers, group: np.ndarray | None, length: int) -> np.ndarray:
    """[b, length] the distinct items bought, or the distinct groups [m] of these, newest first; -1 where fewer."""
    bought = shoppers.item.astype(np.int64) if group is None else group[shoppers.item].astype(np.int64)
    _, first = np.unique(shoppers.row * (bought.max(initial=0) + 1) + bought, return_index=True)
    newest = np.sort(first)
    row, item = shoppers.row[newest], bought[newest]
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
