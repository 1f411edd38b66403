"""Channels of the texts of items, compared as embeddings."""

from __future__ import annotations

import numpy as np

from model.retrieval.catalogue import Catalogue
from model.retrieval.scores import ChannelScores
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import Shoppers

_TEXTS_AT_ONCE = 2048  # of the catalogue, compared with a block's texts: the cosines stay in the processor's cache


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
