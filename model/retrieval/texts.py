"""Channels of the texts of items, compared as embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from model.retrieval.catalogue import Catalogue
from model.retrieval.scores import ChannelScores
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import Shoppers

_TEXTS_AT_ONCE = 2048  # of the catalogue, compared with a block's texts: the cosines stay in the processor's cache


def text_history(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> ChannelScores:
    """Largest cosine with one of the last distinct texts bought, each place back decayed."""
    bought = catalogue.text_row[shoppers.item]
    lists = [bought[begin:end] for begin, end in pairwise(shoppers.start)]
    best = likeness_to_last(catalogue.text, lists, catalogue.eligible_vectors, settings)
    return ChannelScores(best, catalogue.eligible_texts[1])


def likeness_to_last(
    text: np.ndarray, lists: Sequence[np.ndarray], target: np.ndarray, settings: ChannelSettings
) -> np.ndarray:
    """[shoppers, n] float32 the largest decayed cosine of each target with one of a shopper's last distinct texts.

    text: [t, d] unit vectors; lists: of each shopper rows of `text`, newest first; target: [n, d] unit vectors
    """
    rows, decays = _last_texts(lists, settings)
    # Shoppers of a block bought much the same, so each text is compared once; -1, no text, is the last row of zeros.
    distinct, place = np.unique(rows[rows >= 0], return_inverse=True)
    of_shopper = np.full(rows.shape, len(distinct))
    of_shopper[rows >= 0] = place
    bought = np.vstack([text[distinct], np.zeros((1, target.shape[1]), dtype=np.float32)])
    best = np.zeros((len(lists), len(target)), dtype=np.float32)
    for start in range(0, len(target), _TEXTS_AT_ONCE):
        cosine = bought @ target[start : start + _TEXTS_AT_ONCE].T
        part = best[:, start : start + _TEXTS_AT_ONCE]
        for back, decay in enumerate(decays):
            np.maximum(part, cosine[of_shopper[:, back]] * decay, out=part)
    return best


def _last_texts(lists: Sequence[np.ndarray], settings: ChannelSettings) -> tuple[np.ndarray, np.ndarray]:
    rows = np.full((len(lists), settings.history_items), -1, dtype=np.int64)
    for user, bought in enumerate(lists):
        _, first = np.unique(bought, return_index=True)
        newest = bought[np.sort(first)][: settings.history_items]
        rows[user, : len(newest)] = newest
    return rows, settings.history_decay ** np.arange(settings.history_items, dtype=np.float32)


def text_two_tower(catalogue: Catalogue, shoppers: Shoppers, settings: ChannelSettings) -> ChannelScores:
    """Cosine of the shopper's text and the item's, both by the fine-tuned encoder."""
    return ChannelScores(shoppers.text @ catalogue.eligible_vectors.T, catalogue.eligible_texts[1])
