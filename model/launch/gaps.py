"""What the text of a new item lacks: attributes and words of its look-alikes, and words that shoppers search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from model.catalogue.plain_text import plain_text
from model.catalogue.words import base_form, phrases

LEAST_ATTRIBUTE = 0.5  # share of the look-alikes that have an attribute which the item lacks
LEAST_KEYWORD = 0.2  # the same of a keyword
LEAST_ITEMS = 2  # fewest look-alikes that have the attribute or keyword


class Gap(NamedTuple):
    """What the item lacks, and the share of the look-alikes that have it."""

    name: str
    share: float


class Query(NamedTuple):
    """A search text, how many shoppers searched for it, and its likeness to the item's text (cosine)."""

    text: str
    shoppers: int
    likeness: float


def missing_attributes(own: Collection[str], others: Sequence[Collection[str]]) -> list[Gap]:
    """The attributes that at least LEAST_ATTRIBUTE of the look-alikes have and the item has not, most frequent first.

    own, others: names of the attributes of the item and of each look-alike
    """
    counts = Counter(name for names in others for name in set(names) - set(own))
    return _gaps(counts, len(others), LEAST_ATTRIBUTE)


def missing_keywords(text: str, others: Sequence[Sequence[str]], most: int) -> list[Gap]:
    """At most `most` keywords of the look-alikes with a word that the item's text has not, most frequent first.

    text: title and description of the item; others: the keywords of each look-alike
    """
    own, spelled, counts = bases(text), dict[str, str](), Counter[str]()
    for keywords in others:
        named = {" ".join(in_order): keyword for keyword in keywords if (in_order := _in_order(keyword))}
        for key, keyword in named.items():
            spelled.setdefault(key, keyword)
        counts.update(key for key in named if not set(key.split()) <= own)
    return [Gap(spelled[gap.name], gap.share) for gap in _gaps(counts, len(others), LEAST_KEYWORD)][:most]


def missing_words(text: str, queries: Sequence[Query], others: Collection[str], most: int) -> list[str]:
    """At most `most` words of the queries that the texts of look-alikes have and the item's has not.

    The words that most shoppers searched for come first. A word that no look-alike has belongs to another product, or
    to none.
    """
    own, known, searched = bases(text), bases(" . ".join(others)), Counter[str]()
    for query in queries:
        for word in dict.fromkeys(_in_order(query.text)):
            if word in known and word not in own:
                searched[word] += query.shoppers
    return [word for word, _ in sorted(searched.items(), key=lambda entry: (-entry[1], entry[0]))][:most]


def bases(text: str) -> set[str]:
    """The base forms of the words of a text."""
    return set(_in_order(text))


def _in_order(text: str) -> list[str]:
    return [base_form(word) for run in phrases(plain_text(text)) for word in run]


def _gaps(counts: Counter[str], others: int, least: float) -> list[Gap]:
    """Those of at least LEAST_ITEMS and a share `least` of the others; ties by the alphabet."""
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return [Gap(name, count / others) for name, count in ordered if count >= max(LEAST_ITEMS, least * others)]
