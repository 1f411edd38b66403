"""Channels of the first stage: each scores all eligible items for a block of shoppers, in products of matrices."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from model.retrieval import affinities
from model.retrieval.catalogue import Catalogue
from model.retrieval.scores import ChannelScores
from model.retrieval.sequences import LINK_CHANNELS, link_scores
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import Shoppers

_TEXTS_AT_ONCE = 2048  # of the catalogue, compared with a block's texts: what they make stays in the processor's cache


def als(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> np.ndarray:
    """Inner product of the factors of implicit ALS (Hu, Koren, Volinsky 2008)."""
    return shoppers.als @ catalogue.als.T


def text_history(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> ChannelScores:
    """Largest cosine with one of the last distinct texts bought, each place back decayed."""
    target, column = catalogue.eligible_vectors, catalogue.eligible_texts[1]
    rows, decays = _last_texts(catalogue, shoppers, settings)
    # Shoppers of a block bought much the same, so each text is compared once; -1, no text, is the last row of zeros.
    distinct, place = np.unique(rows[rows >= 0], return_inverse=True)
    of_shopper = np.full(rows.shape, len(distinct))
    of_shopper[rows >= 0] = place
    bought = np.vstack([catalogue.text[distinct], np.zeros((1, target.shape[1]), dtype=np.float32)])
    best = np.zeros((len(shoppers), len(target)), dtype=np.float32)
    for start in range(0, len(target), _TEXTS_AT_ONCE):
        cosine = bought @ target[start : start + _TEXTS_AT_ONCE].T
        part = best[:, start : start + _TEXTS_AT_ONCE]
        for back, decay in enumerate(decays):
            np.maximum(part, cosine[of_shopper[:, back]] * decay, out=part)
    return ChannelScores(best, column)


def _last_texts(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> tuple[np.ndarray, np.ndarray]:
    rows = np.full((len(shoppers), settings.history_items), -1, dtype=np.int64)
    for user in range(len(shoppers)):
        bought = catalogue.text_row[shoppers.item[shoppers.start[user] : shoppers.start[user + 1]]]
        _, first = np.unique(bought, return_index=True)
        newest = bought[np.sort(first)][: settings.history_items]
        rows[user, : len(newest)] = newest
    return rows, settings.history_decay ** np.arange(settings.history_items, dtype=np.float32)


def text_two_tower(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> ChannelScores:
    """Cosine of the shopper's text and the item's, both by the fine-tuned encoder."""
    return ChannelScores(shoppers.text @ catalogue.eligible_vectors.T, catalogue.eligible_texts[1])


def store_popularity(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> np.ndarray:
    """log(1 + decayed purchases in a store), averaged over the stores where the shopper buys."""
    return _in_own_stores(catalogue.store_purchases, shoppers)


def store_promotion(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> np.ndarray:
    """Share of the last weeks in which the item was promoted in the stores where the shopper buys."""
    return _in_own_stores(catalogue.store_promotions, shoppers)


def _in_own_stores(by_store: sparse.csr_matrix, shoppers: Shoppers) -> np.ndarray:
    return (shoppers.store_shares(by_store.shape[0]) @ by_store).toarray()


def neighbours(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> np.ndarray:
    """Decayed purchases of the most similar sampled shoppers, weighted by cosine of tf-idf of items and types."""
    profiles = shopper_profiles(shoppers, catalogue.codes["product_type"], catalogue.profile_idf)
    cosine = (profiles @ catalogue.profiles_by_item).toarray()
    cosine[shoppers.user_ids[:, None] == catalogue.neighbour_ids[None, :]] = 0.0
    keep = min(settings.neighbours, cosine.shape[1])
    if keep < cosine.shape[1]:
        bar = np.partition(cosine, -keep, axis=1)[:, -keep][:, None]
        cosine[cosine < bar] = 0.0
    weights = cosine / np.maximum(cosine.sum(axis=1, keepdims=True), 1e-9)
    return np.log1p(100.0 * (sparse.csr_matrix(weights) @ catalogue.neighbour_purchases).toarray())


def shopper_profiles(shoppers: Shoppers, product_type: np.ndarray, idf: np.ndarray) -> sparse.csr_matrix:
    """[b, m + types] unit rows: (1 + log of the purchases) * idf, of items and of product types side by side."""
    items = len(product_type)
    counts = sparse.hstack(
        [
            sparse.csr_matrix(
                (np.ones(len(shoppers.item)), (shoppers.row, shoppers.item)), shape=(len(shoppers), items)
            ),
            shoppers.counts(product_type[shoppers.item], len(idf) - items, None),
        ],
        format="csr",
    )
    counts.sum_duplicates()
    counts.data = (1.0 + np.log(counts.data)) * idf[counts.indices]
    norm = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    return (sparse.diags(1.0 / np.maximum(norm, 1e-9)) @ counts).tocsr().astype(np.float32)


CHANNELS: dict[str, affinities.Channel] = {
    "als": als,
    "text_history": text_history,
    "text_two_tower": text_two_tower,
    "neighbours": neighbours,
    "store_popularity": store_popularity,
    "store_promotion": store_promotion,
    **affinities.CHANNELS,
}


# Channels that are the same for every shopper: rows of Catalogue.item_statistics.
ITEM_CHANNELS = (
    "popularity",
    "popularity_7d",
    "popularity_30d",
    "popularity_90d",
    "buyers",
    "repeat_rate",
    "share_of_type",
    "days_since_last_sale",
    "days_since_first_sale",
    "promotion_reach",
)

ALL_CHANNELS = (*CHANNELS, *ITEM_CHANNELS)


def score_channels(
    catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings, names: tuple[str, ...]
) -> list[ChannelScores]:
    """Scores of the named channels, float32; those of ITEM_CHANNELS have one row for all shoppers."""
    scores = []
    for name in names:
        if name in CHANNELS:
            one = CHANNELS[name](catalogue, shoppers, settings)
        elif name in LINK_CHANNELS:
            history = settings.history_items, settings.history_decay
            one = link_scores(LINK_CHANNELS[name], catalogue, shoppers, *history)
        else:
            one = np.asarray(catalogue.item_statistics[[ITEM_CHANNELS.index(name)]])
        values, column = (one.values, one.column) if isinstance(one, ChannelScores) else (one, None)
        scores.append(ChannelScores(values.astype(np.float32, copy=False), column))
    return scores
