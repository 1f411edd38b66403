"""Recall, NDCG and hit rate of a shopper's list."""

from __future__ import annotations

import numpy as np


def top_hits(scores: np.ndarray, wanted: np.ndarray, k: int) -> np.ndarray:
    """[B, k] bool: whether the item at each rank is wanted; `scores` [B, C] (-inf: not ranked), `wanted` [B, C] bool.

    Of items with equal scores, those that are not wanted come first, the worst case.
    """
    hits = np.zeros((len(scores), k), dtype=bool)
    order = np.lexsort((wanted, -scores), axis=1)[:, :k]
    ranked = np.take_along_axis(wanted & np.isfinite(scores), order, axis=1)
    hits[:, : ranked.shape[1]] = ranked
    return hits


def recall_at(hits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """[B] share of a shopper's `targets` [B], whether in a list or not, found in `hits` [B, k]."""
    return hits.sum(axis=1) / _positive(targets)


def ndcg_at(hits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """[B] discounted gain with binary gains over that of the best possible list of k (Järvelin and Kekäläinen 2002)."""
    gain = 1.0 / np.log2(np.arange(hits.shape[1]) + 2.0)
    best = np.concatenate([[0.0], np.cumsum(gain)])[np.minimum(_positive(targets), hits.shape[1])]
    return np.asarray((hits * gain).sum(axis=1) / best)


def graded_ndcg(grade: np.ndarray, score: np.ndarray, top: int) -> float:
    """NDCG of one list of graded items, with gains 2^grade - 1; of equal scores the worse item comes first."""
    gain = 2.0**grade - 1.0
    discount = 1.0 / np.log2(np.arange(min(top, len(grade))) + 2.0)
    order = np.lexsort((gain, -score))[:top]
    return float(gain[order] @ discount / (np.sort(gain)[::-1][:top] @ discount))


def hit_at(hits: np.ndarray) -> np.ndarray:
    """[B] 1 where any of the list is wanted."""
    return np.asarray(hits.any(axis=1), dtype=np.float64)


def _positive(targets: np.ndarray) -> np.ndarray:
    if (targets <= 0).any():
        raise ValueError("A shopper without targets has no recall; leave such shoppers out.")
    return targets
