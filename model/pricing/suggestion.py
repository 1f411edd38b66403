"""The change of a category's prices that its elasticity suggests, within the prices that were tried."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RAISE, LOWER, KEEP, CANNOT_TELL = "raise", "lower", "keep", "cannot_tell"
_STEPS = 81
NODES = (np.arange(49) + 1) / 50  # levels of the posterior at which a change is valued
_ENDS = (0.05, 0.95)


@dataclass(frozen=True)
class Suggestion:
    """verdict: RAISE or LOWER where the gain of `change` is above 0 with 95 %, else KEEP.

    change: relative change of prices with the largest expected gain
    change_low, change_high: between which the best change lies with 90 %
    gain, gain_low, gain_high: expected gain of `change` and its 90 % interval, as a share of the revenue
    """

    verdict: str
    change: float
    change_low: float
    change_high: float
    gain: float
    gain_low: float
    gain_high: float


def suggested_change(elasticities: np.ndarray, low: float, high: float, margin: float | None) -> Suggestion:
    """The change with the largest expected margin, or revenue where the margin is unknown.

    With prices changed by d, units change by (1 + d)^elasticity, and what one unit earns from m to m + d, m the margin
    as a share of the price (cost = 1 - m stays); for the revenue m is 1.

    elasticities: float64 (NODES), the quantiles of the posterior at NODES
    low, high: the smallest and largest relative change, low <= 0 <= high
    """
    earned = 1.0 if margin is None else margin
    changes = np.union1d(np.linspace(low, high, _STEPS), [0.0])
    factor = 1.0 + changes
    gains = factor ** elasticities[:, None] * (factor - 1.0 + earned) - earned
    best = changes[np.argmax(gains, axis=1)]
    at = int(np.argmax(gains.mean(axis=0)))
    change_low, change_high = np.quantile(best, _ENDS)
    gain_low, gain_high = np.quantile(gains[:, at], _ENDS)
    verdict = KEEP if gain_low <= 0 else RAISE if changes[at] > 0 else LOWER
    return Suggestion(
        verdict, float(changes[at]), float(change_low), float(change_high), float(gains[:, at].mean()),
        float(gain_low), float(gain_high),
    )  # fmt: skip
