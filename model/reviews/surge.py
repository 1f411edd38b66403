"""Surges of bad reviews: more than chance explains, and the words that drive them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.stats import binom

from model.catalogue.plain_text import plain_text
from model.catalogue.words import phrases

LEAST_REVIEWS = 3  # a word of fewer reviews is not named: it may be a name, and says little
_LEAST_Z = 1.64


def surging(bad: np.ndarray, reviews: np.ndarray, expected: np.ndarray, items: int, alpha: float = 0.01) -> np.ndarray:
    """bool: whether so many bad reviews of so many have a chance below alpha among all items together (Bonferroni).

    expected: share of bad reviews; items: those that had a review
    """
    chance: np.ndarray = binom.sf(bad - 1, reviews, expected)
    return chance * max(items, 1) < alpha


def driving_words(own: Sequence[str], others: Sequence[str], most: int) -> list[str]:
    """The words that are more frequent among the own texts than among the others, the surest first.

    By the z-score of the log-odds ratio with half a text added to each count (Haldane 1956). A text counts a word once.
    """
    mine, theirs = _texts_with(own), _texts_with(others)
    words = sorted(word for word, count in mine.items() if count >= LEAST_REVIEWS)
    if not words:
        return []
    inside = np.array([mine[word] for word in words], dtype=np.float64)
    outside = np.array([theirs[word] for word in words], dtype=np.float64)
    cells = np.stack([inside, len(own) - inside, outside, len(others) - outside]) + 0.5
    log = np.log(cells)
    score = (log[0] - log[1] - log[2] + log[3]) / np.sqrt((1 / cells).sum(axis=0))
    order = np.argsort(-score, kind="stable")[:most]
    return [words[place] for place in order if score[place] > _LEAST_Z]


def _texts_with(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in {word for run in phrases(plain_text(text)) for word in run})
