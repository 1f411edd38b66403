"""An exact paired test: how often random signs give a sum of differences as low as the observed one."""

from __future__ import annotations

import numpy as np

_MOST_ENUMERATED = 12  # differences, 2^12 sums


def sign_flip_p(differences: np.ndarray, samples: int, random: np.random.Generator) -> float:
    """One-sided p-value of differences [n] that are symmetric about 0, against a lower mean (Fisher 1935).

    All signs of up to 12 differences that are not 0 are enumerated. Of more, `samples` signs are drawn and the observed
    ones counted among them, which keeps the test exact (Phipson and Smyth 2010). 1 where all differences are 0.
    """
    size = np.abs(differences[differences != 0]).astype(np.float64)
    if not len(size):
        return 1.0
    least = float(differences.sum()) + 1e-9 * float(size.sum())  # equal sums differ by rounding errors
    if len(size) <= _MOST_ENUMERATED:
        positive = (np.arange(2 ** len(size))[:, None] >> np.arange(len(size))) & 1
        return float((2.0 * (positive @ size) - size.sum() <= least).mean())
    # Of equal sizes only the number of positive signs counts.
    distinct, count = np.unique(size, return_counts=True)
    positive = random.binomial(count, 0.5, size=(samples, len(count)))
    as_low = int((2.0 * (positive @ distinct) - size.sum() <= least).sum())
    return (1 + as_low) / (1 + samples)
