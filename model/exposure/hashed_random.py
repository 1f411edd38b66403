"""Pseudo-random numbers from hashes of a seed and names, independent of the order of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np


def seeds_of(names: Iterable[str], *context: object) -> np.ndarray:
    """uint64 (names): a seed for each name in a context, such as the configured seed and a date."""
    salt = "|".join(str(part) for part in context) + "|"
    digests = b"".join(hashlib.blake2b((salt + name).encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def mixed(*seeds: np.ndarray) -> np.ndarray:
    """uint64: seeds of one shape combined into one (a round of SplitMix64 each; Steele, Lea and Flood 2014)."""
    state = np.zeros(seeds[0].shape, dtype=np.uint64)
    for seed in seeds:
        state = (state ^ seed) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return state


def uniform(seeds: np.ndarray) -> np.ndarray:
    """float64 in [0, 1) with 53 random bits."""
    return (mixed(seeds) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def shuffled_within(group: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """int: the order by group (int >= 0), and by seed (uint64) within a group; one sort of the bits of both.

    The last bits of seeds give way to those of the groups: seeds that differ in no other are in any order.
    """
    bits = np.uint64(int(group.max(initial=0)).bit_length())
    if bits == 0:
        return np.argsort(seed)
    return np.argsort((group.astype(np.uint64) << (np.uint64(64) - bits)) | (seed >> bits))
