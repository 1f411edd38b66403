"""Channels of what shoppers did short of buying: the functions that `model.retrieval.signal_channels` declares.

A type of event has its own channels, so that the first stage learns on a past period what each is worth. A count enters
as log(1 + x), and an event halves in days, so a hundred views do not drown a purchase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from model.retrieval import item_links
from model.retrieval.catalogue import Catalogue
from model.retrieval.channel import Score
from model.retrieval.item_statistics import ItemSales
from model.retrieval.scores import ChannelScores
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import PURCHASE, Shoppers
from model.text.tfidf import tfidf, words

VIEW, CART, FAVOURITE, SEARCH = "view", "cart", "favourite", "search"
NEGATIVE = "negative"  # returns and low ratings together
QUERIES = "queries"  # in `Catalogue.links`: from the date's queries to the rows of its texts

_REGRETS, _PURCHASES = 0.5, 5.0  # of prior: a single return of a single purchase says little about an item


def on_events(score: Score, event_type: str) -> Score:
    """A channel of purchases over the events of another type."""

    def of_events(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> ChannelScores | np.ndarray:
        return score(catalogue, shoppers.of(event_type), settings)

    return of_events


def item_affinity(event_type: str, half_life_days: float) -> Score:
    """[b, n] log(1 + the shopper's events of the type with the item itself), each halved every `half_life_days`."""

    def score(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> np.ndarray:
        place = np.zeros(len(catalogue.item_ids), dtype=np.int64)
        place[catalogue.eligible] = np.arange(1, len(catalogue.eligible) + 1)
        events = shoppers.of(event_type)
        counts = events.counts(place[events.item], len(catalogue.eligible) + 1, half_life_days)
        return np.log1p(counts[:, 1:].toarray())

    return score


@dataclass(frozen=True)
class SignalScore:
    """A score of the item alone, computed once a date from the counts of several types of events.

    name: in `Catalogue.item_statistics`
    function: from the counts of each type, in which `buyers` are the shoppers or visitors of that type, to scores [m]
    """

    name: str
    function: Callable[[Mapping[str, ItemSales]], np.ndarray]

    def __call__(self, catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> np.ndarray:
        """The row for all shoppers, [1, n]; zero where the date has no such statistic."""
        row = catalogue.item_statistics.get(self.name)
        return np.zeros((1, len(catalogue.eligible)), dtype=np.float32) if row is None else np.asarray(row)[None]


def view_popularity(events: Mapping[str, ItemSales]) -> np.ndarray:
    """log(1 + views), those of unknown visitors too, with a half-life of 7 days."""
    return np.log1p(events[VIEW].decayed["popularity_7d"])


def viewers(events: Mapping[str, ItemSales]) -> np.ndarray:
    """log(1 + different visitors who viewed the item within `signals.history_days`)."""
    return np.log1p(events[VIEW].buyers)


def regret_rate(events: Mapping[str, ItemSales]) -> np.ndarray:
    """Returns and low ratings a purchase, smoothed; an item without either scores 0."""
    regrets = events[NEGATIVE].lines
    return np.log((regrets + _REGRETS) / _REGRETS) - np.log(
        (np.maximum(events[PURCHASE].lines, regrets) + _PURCHASES) / _PURCHASES
    ) * (regrets > 0)


def signal_statistics(
    scores: Iterable[SignalScore], events: Mapping[str, ItemSales], eligible: np.ndarray
) -> dict[str, np.ndarray]:
    """[n] float32 of each score by its name, for `Catalogue.item_statistics`."""
    return {score.name: score.function(events)[eligible].astype(np.float32) for score in scores}


@dataclass(frozen=True)
class QueryScores:
    """[b, n] log(1 + sum over the shopper's searches of the cosine of query and item text), halved every 7 days.

    A search is a line of SEARCH whose `item` is a row of `Catalogue.links[QUERIES]`, which `query_links` makes.
    """

    def __call__(self, catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> ChannelScores:
        """One score for each text; zero where the catalogue has no queries."""
        links = catalogue.links.get(QUERIES)
        if links is None:
            return ChannelScores(np.zeros((1, len(catalogue.eligible)), dtype=np.float32))
        searches = shoppers.of(SEARCH)
        counts = searches.counts(searches.item + 1, links.shape[0] + 1, 7.0)[:, 1:]
        return ChannelScores(np.log1p((counts @ links).toarray()), catalogue.eligible_text_rows)


def query_links(queries: Sequence[str], texts: Sequence[str], most_texts: int, strongest: int) -> sparse.csr_matrix:
    """float32 (queries, texts): the `strongest` largest cosines of TF-IDF of each query's words with the texts.

    Words of more than `most_texts` texts and queries are left out.
    """
    unit = tfidf([*texts, *queries], words, most_texts)
    return item_links.strongest((unit[len(texts) :] @ unit[: len(texts)].T).tocsr(), strongest)
