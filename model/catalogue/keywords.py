"""Keywords of a product: the words of its title and description that say most about it, in weighted phrases."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from model.catalogue.words import base_form, is_chinese, phrases

FIXED = 0.35  # cohesion from which two words in a row are one phrase
LONGEST = 3  # words of a phrase
OF_TITLE = 3.0  # a title says what the product is, a description much else


class Keyword(NamedTuple):
    """A phrase in lower case, as the text has it first, with its weight > 0."""

    phrase: str
    weight: float


def keywords(title: str, description: str, terms: Mapping[str, float], most: int) -> list[Keyword]:
    """At most `most` phrases, the best first; none where the catalogue knows no word of the texts.

    A phrase is a word, or words in a row that belong together. Its weight is the mean of its words' weights, times
    1 + ln of how often it occurs, an occurrence in the title counting OF_TITLE times. Of equal weights the one that
    occurs first comes first.

    title, description: plain text
    terms: by base form the weight of words, by two of them with a space between their cohesion; see term_weights
    """
    best: dict[str, Keyword] = {}
    counts: dict[str, float] = {}
    for text, each in ((title, OF_TITLE), (description, 1.0)):
        for run in phrases(text):
            for words in _together(run, terms):
                bases = [base_form(word) for word in words]
                weight = sum(terms.get(base, 0.0) for base in bases) / len(bases)
                if weight > 0:
                    key = " ".join(bases)
                    best.setdefault(key, Keyword(_joined(words), weight))
                    counts[key] = counts.get(key, 0.0) + each
    weighed = [Keyword(kw.phrase, round(kw.weight * (1.0 + math.log(counts[key])), 6)) for key, kw in best.items()]
    return sorted(weighed, key=lambda keyword: -keyword.weight)[:most]


def _together(run: list[str], terms: Mapping[str, float]) -> Iterator[list[str]]:
    """The run cut into phrases: the most cohesive neighbours are joined first, up to LONGEST words."""
    parts = [[word] for word in run]
    bound = [terms.get(f"{base_form(a)} {base_form(b)}", 0.0) for a, b in pairwise(run)]
    while bound:
        place = max(range(len(bound)), key=bound.__getitem__)
        if bound[place] < FIXED:
            break
        if len(parts[place]) + len(parts[place + 1]) > LONGEST:
            bound[place] = 0.0
            continue
        parts[place] += parts.pop(place + 1)
        bound.pop(place)
    yield from parts


def _joined(words: list[str]) -> str:
    """The words with a space between them, but none between two that are Chinese."""
    text = words[0]
    for word in words[1:]:
        text += word if is_chinese(text[-1]) and is_chinese(word[0]) else f" {word}"
    return text
