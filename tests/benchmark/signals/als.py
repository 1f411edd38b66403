"""Implicit ALS in memory, in MLlib's form, so that a world needs no Spark."""

from __future__ import annotations

import numpy as np
from scipy import sparse


def als_factors(
    rating: sparse.csr_matrix, factors: int, iterations: int, regularisation: float, alpha: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """float32 (users, factors), (items, factors); a row or column without a rating has zeros.

    Preference 1 and confidence 1 + alpha * rating where the rating is positive (Hu, Koren, Volinsky 2008); the
    regularisation of a row counts its ratings, as MLlib's does.
    """
    random = np.random.default_rng(seed)
    confidence = (rating * alpha).tocsr()
    turned = confidence.T.tocsr()
    items = np.abs(random.normal(size=(rating.shape[1], factors))) / factors**0.5
    items[np.diff(turned.indptr) == 0] = 0.0
    users = np.zeros((rating.shape[0], factors))
    for _ in range(iterations):
        users = _solved(confidence, items, regularisation)
        items = _solved(turned, users, regularisation)
    return users.astype(np.float32), items.astype(np.float32)


def _solved(confidence: sparse.csr_matrix, other: np.ndarray, regularisation: float) -> np.ndarray:
    k = other.shape[1]
    outer = (other[:, :, None] * other[:, None, :]).reshape(len(other), k * k)
    count = np.diff(confidence.indptr)
    system = (confidence @ outer).reshape(-1, k, k) + other.T @ other
    system += (regularisation * np.maximum(count, 1))[:, None, None] * np.eye(k)
    known = confidence.copy()
    known.data = known.data + 1.0
    solved = np.linalg.solve(system, (known @ other)[:, :, None])[:, :, 0]
    solved[count == 0] = 0.0
    return np.asarray(solved)
