"""Sample ratio mismatch: whether the arms have as many shoppers as assigned."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

_BELIEF = 1_000.0  # concentration of the prior around the assigned shares, in shoppers


def sample_ratio_p(counts: np.ndarray, shares: np.ndarray) -> float:
    """p-value of 'the shoppers were assigned with these shares', valid at every look.

    counts: int (arms); shares: float64 (arms), sum 1. The Bayes factor of a Dirichlet around the shares against the
    shares is a martingale where they hold, so it exceeds 1 / p with probability at most p (Lindon and Malek, "Anytime-
    valid inference for multinomial count data", NeurIPS 2022).
    """
    prior = _BELIEF * shares
    total = counts.sum()
    logarithm = (
        gammaln(_BELIEF)
        - gammaln(_BELIEF + total)
        + (gammaln(prior + counts) - gammaln(prior)).sum()
        - (counts * np.log(shares)).sum()
    )
    return float(np.exp(-max(logarithm, 0.0)))
