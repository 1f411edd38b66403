"""The response to each wording: its mean chance over sampled shoppers, and its difference to the current wording's.

The interval covers the sampling of shoppers alone, whom the bootstrap resamples (Efron 1979). It covers neither the
error of the model nor how people respond to words that the model reads as one vector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RESAMPLES = 1_000
LOW, HIGH = 0.025, 0.975


@dataclass(frozen=True)
class Response:
    """Means over the shoppers with their 95 % intervals; of the current wording the difference is 0."""

    chance: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float


def responses(chances: np.ndarray, seed: int) -> list[Response]:
    """The response to each wording; differences to the first one, the current wording, are paired by shopper.

    chances: [shoppers, wordings]. Raises ValueError without a shopper.
    """
    shoppers = len(chances)
    if not shoppers:
        raise ValueError("no shopper has the item among the candidates, so there is no response to predict")
    drawn = np.random.default_rng(seed).multinomial(shoppers, np.full(shoppers, 1 / shoppers), size=RESAMPLES)
    mean, means = chances.mean(axis=0), drawn @ chances / shoppers
    differences = means - means[:, :1]
    bounds = [np.quantile(values, (LOW, HIGH), axis=0) for values in (means, differences)]
    return [
        Response(*map(float, (mean[w], *bounds[0][:, w], mean[w] - mean[0], *bounds[1][:, w])))
        for w in range(chances.shape[1])
    ]
