"""What users take whose full groups cross, as a product type and the cold items do: no order of the groups is exact.

The dual of the user's problem is descended along the multipliers of one rule after the other, and that of the slots:
exact block coordinate descent (Hildreth 1957, Dykstra 1983). Multipliers that have not settled still bound the dual
from above; what is then over in a group is scaled down.
"""

from __future__ import annotations

import numpy as np

from model.exposure.full_groups import full_groups
from model.exposure.list_rules import ListRules
from model.exposure.runs import run_starts
from model.exposure.thresholds import FAR, Filled, fill, nth_largest

# Rounds of falling regularisation, which small steps at the last one alone would take far longer to replace, and rounds
# at the last; multipliers that move less than a part of it in a round have settled.
FALLING, LAST, SETTLED = 16, 8, 0.01


def fill_crossing(score: np.ndarray, item: np.ndarray, slots: int, gamma: float, list_rules: ListRules) -> Filled:
    """As `fill_under_rules`, of users with crossing groups; the slope is left 0."""
    codes, limits = list_rules.padded[list_rules.inner_first][:, item], list_rules.most[list_rules.inner_first]
    paid, cost, threshold = np.zeros(codes.shape), np.zeros(codes.shape[:2]), np.zeros(len(score))
    moving = np.arange(len(score))
    for smoothing in [*np.geomspace(max(gamma, score.max() / 8), gamma, FALLING), *[gamma] * LAST]:
        before = paid[:, moving]
        paid[:, moving], cost[:, moving], threshold[moving] = _after_round(
            score[moving], codes[:, moving], limits, before, threshold[moving], slots, smoothing
        )
        if smoothing <= gamma * (1 + 1e-9):
            moving = moving[np.abs(paid[:, moving] - before).max(axis=(0, 2)) > SETTLED * gamma]
        if not len(moving):
            break
    net = score - paid.sum(axis=0)
    x, threshold = fill(net, nth_largest(net, slots), slots, gamma)
    for code, most in zip(codes, limits, strict=True):
        full = full_groups(x, code, most)
        x.ravel()[full.at] *= (most / np.bincount(full.group, x.ravel()[full.at]))[full.group]
    upper = slots * threshold + cost.sum(axis=0) + np.maximum(net - threshold[:, None], 0.0).sum(axis=1)
    return Filled(x, np.zeros(score.shape), threshold, upper)


def _after_round(
    score: np.ndarray, codes: np.ndarray, limits: np.ndarray, paid: np.ndarray, threshold: np.ndarray, slots: int,
    gamma: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """The multipliers of an entry's groups, float64 (rules, users, width), what they add to the dual, float64 (rules,
    users), and the threshold of the slots, float64 (users), each minimised while the others stay."""
    paid, cost = paid.copy(), np.zeros(paid.shape[:2])
    for rule, (code, most) in enumerate(zip(codes, limits, strict=True)):
        others = paid.sum(axis=0) - paid[rule] + threshold[:, None]
        paid[rule], cost[rule] = _multipliers(score - others, code, int(most), gamma)
    net = score - paid.sum(axis=0)
    return paid, cost, fill(net, nth_largest(net, slots), slots, gamma)[1]


def _multipliers(net: np.ndarray, code: np.ndarray, most: int, gamma: float) -> tuple[np.ndarray, np.ndarray]:
    """float64 (users, width): the multiplier of an entry's group at which it fits; float64 (users): Σ n_g·t_g."""
    full = full_groups(np.clip(net / gamma, 0.0, 1.0), code, most)
    rows = full.rows(net, -FAR)
    _, multiplier = fill(rows, nth_largest(rows, most), most, gamma)
    paid = np.zeros(net.shape)
    paid.ravel()[full.at] = multiplier[full.group]
    user = full.at[run_starts(full.group)] // net.shape[1]
    return paid, most * np.bincount(user, multiplier, minlength=len(net))
