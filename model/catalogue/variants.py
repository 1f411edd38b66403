"""Groups of variants: products whose texts differ by size, colour or flavour alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from model.catalogue.variant_words import CHINESE, CHINESE_UNITS, COLOURS, FLAVOURS, GENERIC, SIZES, UNITS
from model.catalogue.words import base_form, phrases

LEAST_SHARE = 0.4  # of a title's words that variants have in common, of colour or flavour
LEAST_WORDS = 2  # that variants have in common besides generic ones, of colour or flavour
LEAST_ALIKE = 0.5  # Jaccard similarity of the words of two descriptions
MOST_LEADERS = 100  # descriptions of a block that a text is compared with
DESCRIPTION_WORDS = 300  # of a description that are compared
OWN_ATTRIBUTES = frozenset({"size", "package_size", "colour", "color", "flavour", "flavor", "scent", "pack", "unit"})
_NUMBER = r"\d+(?:[.,/]\d+)*"
_WORD = re.compile(rf"[^\W\d_]+(?:['\u2019][^\W\d_]+)*|{_NUMBER}")
_AMOUNT = rf"{_NUMBER}\s*(?:{'|'.join(sorted(CHINESE_UNITS))})+"
_CHINESE = re.compile("|".join([_AMOUNT, *sorted(CHINESE, key=lambda word: (-len(word), word))]))


def common_words(title: str, attributes: Mapping[str, str]) -> frozenset[str]:
    """The words of a title that its variants have too: base forms, without sizes, colours and flavours.

    A number counts as a size next to a unit. Words of the item's own attributes of size, colour and flavour are left
    out too. A title keeps its colours and flavours if the others are less than LEAST_SHARE of its words or less than
    LEAST_WORDS, generic ones not counted: brown rice is no variant of white rice. A title of sizes alone keeps all.
    """
    tokens = [base_form(match.group()) for match in _WORD.finditer(_CHINESE.sub(" ", title.lower()))]
    own = {
        base_form(match.group())
        for key, value in attributes.items()
        if key.lower() in OWN_ATTRIBUTES
        for match in _WORD.finditer(value.lower())
    }
    sized = frozenset(_without_sizes(tokens)) - own
    common = sized - COLOURS - FLAVOURS
    named = {word for word in common - GENERIC if word.isalpha()}
    if len(common) >= LEAST_SHARE * len(sized) and len(named) >= LEAST_WORDS:
        return common
    return sized or frozenset(tokens)


def _without_sizes(tokens: list[str]) -> list[str]:
    """The tokens but for words of size, and numbers with their unit: '12 fl oz', '2 x 4 ct', 'pack of 6'."""
    others: list[str] = []
    skipped = 0
    for place, token in enumerate(tokens):
        if skipped:
            skipped -= 1
            continue
        after = tokens[place + 1] if place + 1 < len(tokens) else ""
        if token[0].isdigit() and after in UNITS:
            skipped = 1
            while place + skipped + 1 < len(tokens) and tokens[place + skipped + 1] in UNITS:
                skipped += 1  # 'fl oz'
        elif token in UNITS and [word[0].isdigit() for word in tokens[place + 1 : place + 3]] == [False, True]:
            if after == "of":
                skipped = 2
            else:
                others.append(token)
        elif token not in SIZES:
            others.append(token)
    return others


def block_of(title: str, attributes: Mapping[str, str], *same: str) -> str:
    """32 hex digits, equal for titles with the same `common_words` and equal `same`; '' for a title without a word.

    same: what variants have in common besides, such as brand and category; '' where unknown
    """
    common = common_words(title, attributes)
    if not common:
        return ""
    key = "\x1f".join([" ".join(sorted(common)), *(value.strip().lower() for value in same)])
    return hashlib.sha256(key.encode()).hexdigest()[:32]


class Text(NamedTuple):
    """A text of a block.

    group: the group that it has; '' for a text that has none yet
    words: base forms of the words of its description; none where it has no description
    """

    block: str
    text_hash: str
    group: str
    words: frozenset[str]


def description_words(description: str) -> list[str]:
    """The distinct base forms of the first DESCRIPTION_WORDS words of a description, sorted."""
    words = [word for run in phrases(description) for word in run]
    return sorted({base_form(word) for word in words[:DESCRIPTION_WORDS]})


def grouped(texts: Iterable[Text]) -> Iterator[Text]:
    """The texts that had no group, with one: the group of the first text of their block that is described alike.

    A text joins the first leader whose description has at least LEAST_ALIKE of its words in common, or that has no
    description; where there is none, it leads a group of its own, named by the first 16 digits of its hash. So a text
    keeps its group whatever comes later. A text whose block is '' is alone.

    texts: those of a block in a row; first those with a group, which are its leaders, each part by text_hash
    """
    block, leaders = "", list[Text]()
    for text in texts:
        if text.block != block or not text.block:
            block, leaders = text.block, []
        if text.group:
            leaders.append(text)
            continue
        like = next((leader.group for leader in leaders[:MOST_LEADERS] if _alike(leader.words, text.words)), "")
        joined = text._replace(group=like or text.text_hash[:16])
        if not like:
            leaders.append(joined)
        yield joined


def _alike(words: frozenset[str], others: frozenset[str]) -> bool:
    if not words or not others:
        return True
    both = len(words & others)
    return both >= LEAST_ALIKE * (len(words) + len(others) - both)
