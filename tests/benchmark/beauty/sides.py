"""Catalogue and shoppers built from Amazon Beauty: statistics at one cut, histories at another."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.cluster.vq import kmeans2

from model.retrieval.catalogue import KINDS, Catalogue
from model.retrieval.channels import ITEM_SCORES, SEQUENCE_CHANNELS, learn_links
from model.retrieval.links import PURCHASE, Interactions, LinkInputs, LinkSettings
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import Shoppers
from model.retrieval.taste import shopper_profiles
from tests.benchmark.beauty.protocol import Beauty

CHANNELS = (
    "text_history", "type_affinity", "type_recency", "category_affinity", "brand_type_affinity", "neighbours",
    *SEQUENCE_CHANNELS, "popularity", "popularity_7d", "share_of_type",
)  # fmt: skip
# The data has no times: each place in the history counts as one day.
SETTINGS = ChannelSettings(history_items=50, history_decay=0.7, affinity_half_life_days=2.0, neighbours=200)
LINKS = LinkSettings(
    history_items=50, gaps=5, strongest=400, ease_items=13_000, ease_regularisation=300.0, like_texts=16,
    most_texts=2000,
)  # fmt: skip
TYPES = 400
NEIGHBOUR_HALF_LIFE, LATE_HALF_LIFE = 4.0, 1.0


@dataclass(frozen=True)
class Titles:
    """Attributes of items that are derived from their titles.

    texts [t], vectors [t, d]: distinct titles and their unit vectors
    row, product_type, first_word, two_words [m]: row of the title; a cluster of the vectors as product type; codes of
    the first word, as brand, and of the first two, as a line of the brand
    """

    texts: list[str]
    vectors: np.ndarray
    row: np.ndarray
    product_type: np.ndarray
    first_word: np.ndarray
    two_words: np.ndarray

    @classmethod
    def of(cls, titles: list[str], texts: list[str], vectors: np.ndarray) -> Titles:
        """`texts` are the distinct titles, `vectors` their embeddings."""
        _, cluster = kmeans2(vectors, TYPES, iter=10, minit="points", rng=1)
        row = pd.Index(texts).get_indexer(titles).astype(np.int32)
        lowered = [title.lower().split() for title in titles]
        first, two = (_codes([" ".join(words[:length]) for words in lowered]) for length in (1, 2))
        return cls(texts, vectors, row, (cluster[row] + 1).astype(np.int32), first, two)


def _codes(values: list[str]) -> np.ndarray:
    """Codes from 1 of values that at least two items share, 0 for the others."""
    code, known = pd.factorize(np.array(values, dtype=object))
    shared = np.bincount(code) > 1
    return np.where(shared[code] & (known[code] != ""), code + 1, 0).astype(np.int32)


def shoppers(beauty: Beauty, back: int) -> Shoppers:
    """Histories of everything more than `back` places before the last item."""
    user, item, order = beauty.before(back)
    newest = np.lexsort((-order, user))
    user, item = user[newest], item[newest]
    count = np.bincount(user, minlength=int(beauty.user.max()) + 1)
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    no_vectors = np.zeros((len(count), 0), dtype=np.float32)
    return Shoppers(
        user_ids=np.arange(len(count)).astype(str), start=start, item=item.astype(np.int32),
        days_ago=(np.arange(len(user)) - start[user]).astype(np.float32),
        store=np.full(len(item), -1, dtype=np.int32), als=no_vectors, text=no_vectors,
    )  # fmt: skip


def catalogue(beauty: Beauty, titles: Titles, back: int) -> Catalogue:
    """The catalogue with statistics of everything more than `back` places before each shopper's last item."""
    side = without_links(beauty, titles, back)
    people = shoppers(beauty, back)
    bought = {PURCHASE: Interactions(people.row, people.item, people.days_ago)}
    return replace(side, links=learn_links(CHANNELS, LinkInputs(side, bought, titles.texts), LINKS))


def without_links(beauty: Beauty, titles: Titles, back: int) -> Catalogue:
    """The same catalogue without links between items."""
    m, people = len(beauty.titles), shoppers(beauty, back)
    types = int(titles.product_type.max()) + 1
    buyers = (
        people.bought(m).sum(axis=0),
        (people.counts(titles.product_type[people.item], types, None) > 0).sum(axis=0),
    )
    buyer_counts = np.concatenate([np.asarray(counts).ravel() for counts in buyers])
    idf = np.log(len(people) / np.maximum(buyer_counts, 1.0)).astype(np.float32)
    late = np.bincount(people.item, weights=0.5 ** (people.days_ago / LATE_HALF_LIFE), minlength=m)
    of_type = np.bincount(titles.product_type, weights=buyer_counts[:m], minlength=types)[titles.product_type]
    statistics = {score.name: np.zeros(m, dtype=np.float32) for score in ITEM_SCORES}
    statistics["popularity"][:] = np.log1p(buyer_counts[:m])
    statistics["popularity_7d"][:] = np.log1p(late)
    statistics["share_of_type"][:] = np.log((buyer_counts[:m] + 0.1) / (of_type + 1.0))
    known = {"product_type": titles.product_type, "category": titles.two_words, "brand_type": titles.first_word}
    codes = {kind: known.get(kind, np.zeros(m, dtype=np.int32)) for kind in KINDS}
    no_stores = sparse.csr_matrix((0, m), dtype=np.float32)
    return Catalogue(
        item_ids=np.arange(m).astype(str), codes=codes,
        relative_price=np.zeros(m, dtype=np.float32), text_row=titles.row,
        eligible=np.arange(m, dtype=np.int32), cold=buyer_counts[:m] == 0, text=titles.vectors,
        als=np.zeros((m, 0), dtype=np.float32), item_statistics=statistics, store_purchases=no_stores,
        store_promotions=no_stores, neighbour_ids=people.user_ids,
        neighbour_profiles=shopper_profiles(people, titles.product_type, idf),
        neighbour_purchases=people.counts(people.item + 1, m + 1, NEIGHBOUR_HALF_LIFE)[:, 1:].tocsr(), profile_idf=idf,
    )  # fmt: skip
