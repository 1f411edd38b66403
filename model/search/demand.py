"""Whether the catalogue has what a query asks for, judged by the items found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from model.search.queries import DIVIDERS, Term

SOLD_FROM = 0.5  # of the query, by the rarity of its words, that the closest item has, to count as sold


class Closest(NamedTuple):
    """The item that has the most of a query's words: their share by idf, and the words that it lacks."""

    share: float
    missing: tuple[str, ...]


class Coverage(NamedTuple):
    """What texts have of a query.

    words: of the query, each once; has: [texts, words] whether a text has a word; share: [texts] of the query, by idf
    """

    words: list[str]
    has: np.ndarray
    share: np.ndarray


def coverage(
    of_query: tuple[Term, ...], found: list[list[Term]], texts_with: Mapping[str, int], texts: int
) -> Coverage:
    """What some texts have of a query's words, without those of no meaning; a share is 0 for a query without words.

    found: the terms of each text; texts_with, texts: texts of the catalogue with a word, and of all
    """
    words = list(dict.fromkeys(term.text for term in of_query if term.text not in DIVIDERS))
    counts = np.array([texts_with.get(word, 0) for word in words])
    idf = np.log1p((texts - counts + 0.5) / (counts + 0.5))
    has = np.array([[word in own for word in words] for own in ({term.text for term in text} for text in found)])
    has = has.reshape(len(found), len(words))
    return Coverage(words, has, has @ idf / max(float(idf.sum()), 1e-12))


def closest(of_query: tuple[Term, ...], found: list[list[Term]], texts_with: Mapping[str, int], texts: int) -> Closest:
    """The item among those found that has the most of the query's words; of equals the first.

    found: the terms of each item's text; texts_with, texts: as in `coverage`
    """
    words, has, share = coverage(of_query, found, texts_with, texts)
    if not words or not found:
        return Closest(0.0, tuple(words))
    best = int(share.argmax())
    return Closest(
        float(share[best]), tuple(word for word, is_there in zip(words, has[best], strict=True) if not is_there)
    )
