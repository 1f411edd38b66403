"""Runs of equal numbers in a sorted array."""

from __future__ import annotations

import numpy as np


def run_starts(key: np.ndarray) -> np.ndarray:
    """int (runs): where each run of equal keys begins; key: int >= 0, equal ones next to each other."""
    return np.flatnonzero(np.diff(key, prepend=-1))


def place_in_run(key: np.ndarray) -> np.ndarray:
    """int (keys): place of each key in its run, from 0; key: as in `run_starts`."""
    starts = run_starts(key)
    lengths = np.diff(np.append(starts, len(key)))
    return np.arange(len(key)) - np.repeat(starts, lengths)
