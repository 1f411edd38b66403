"""Sums of products that do not depend on the number of threads, as those of BLAS do in their last digits."""

from __future__ import annotations

import numpy as np


def dot(a: np.ndarray, b: np.ndarray) -> float:
    """Σ a b of two vectors of one length. Prices and lists follow from such sums."""
    return float(np.einsum("n,n->", a, b))
