"""The price of a user's slots: the least threshold at which what lies above it fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FAR = 1e100  # a price at which nothing is taken
_STEPS = 80


@dataclass(frozen=True)
class Filled:
    """x: float64 (users, width); slope: float64 (users, width), how fast x falls with the entry's price, times gamma
    threshold: float64 (users), t; upper: float64 (users), the user's part of the dual without regularisation
    """

    x: np.ndarray
    slope: np.ndarray
    threshold: np.ndarray
    upper: np.ndarray


def fill(
    score: np.ndarray, last: np.ndarray, slots: int, gamma: float, most: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """x = min(clip((score - t) / gamma, 0, 1), most), and of each row the least t >= 0 at which x fits into `slots`.

    At t = last - gamma the first `slots` entries are all full unless `most` holds them, at t = last fewer than `slots`
    are filled: t lies between. It is found by Newton's method, kept between what is known to be too low and too high.

    score: float64 (rows, width), -FAR in the padding; last: float64 (rows), the slots-th largest score of each row
    most: float64 (rows, width) in [0, 1]
    """
    low, high = np.maximum(last - gamma, 0.0), np.maximum(last, 0.0)
    start = (low + high) / 2
    if most is not None:
        low = np.zeros_like(low)
    x = np.empty_like(score)
    filled, _ = _take(score, low, gamma, most, x)
    full = filled > slots
    threshold = np.where(full, start, low)
    for _ in range(_STEPS):
        filled, interior = _take(score, threshold, gamma, most, x)
        over = filled - slots
        open_ = full & (np.abs(over) > 1e-11 * slots)
        if not open_.any():
            break
        low, high = np.where(over > 0, threshold, low), np.where(over > 0, high, threshold)
        newton = threshold + over * gamma / np.maximum(interior, 1)
        unsafe = (interior == 0) | (newton <= low) | (newton >= high)
        threshold = np.where(open_, np.where(unsafe, (low + high) / 2, newton), threshold)
    return x, threshold


def fill_slots(score: np.ndarray, top: np.ndarray, slots: int, gamma: float) -> Filled:
    """What users take where nothing but their slots bounds them.

    score: float64 (users, width), as in `fill`; top: float64 (users, slots), the largest scores, the least one first
    """
    x, threshold = fill(score, top[:, 0], slots, gamma)
    slope = slope_of_slots((x > 0) & (x < 1), threshold)
    return Filled(x, slope, threshold, np.maximum(top, 0.0).sum(axis=1))


def slope_of_slots(interior: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """float64 (users, width): slope of the entries that move with the threshold of the slots, 0 of others.

    interior: bool (users, width). Where the slots are full, a price moves the threshold too: one interior entry alone
    cannot move at all.
    """
    moving = np.maximum(interior.sum(axis=1), 1)
    return interior * np.where(threshold > 0, 1.0 - 1.0 / moving, 1.0)[:, None]


def nth_largest(score: np.ndarray, n: int) -> np.ndarray:
    """float64 (rows): the n-th largest score of each row; the rows are at least n wide."""
    return np.partition(score, score.shape[1] - n, axis=1)[:, score.shape[1] - n]


def _take(
    score: np.ndarray, threshold: np.ndarray, gamma: float, most: np.ndarray | None, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Writes x at a threshold of each row; returns its sum by row, and how many entries move with the threshold."""
    np.subtract(score, threshold[:, None], out=x)
    np.multiply(x, 1.0 / gamma, out=x)
    interior = ((x > 0) & (x < (1 if most is None else most))).sum(axis=1, dtype=np.int32)
    np.clip(x, 0.0, 1.0, out=x)
    if most is not None:
        np.minimum(x, most, out=x)
    return x.sum(axis=1), interior
