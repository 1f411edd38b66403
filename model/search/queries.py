"""One form of queries and titles, and the terms by which they are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from model.catalogue.plain_text import plain_text
from model.catalogue.quantities import decimal, unit_name
from model.catalogue.word_lists import words_of
from model.catalogue.words import base_form, unspaced_words
from model.text.scripts import UNSPACED
from model.text.tfidf import CHARACTERS, grams_of

MOST_TERMS = 200  # of one text
# Words after which a phrase says with what or for what a product is, not what it is.
DIVIDERS = words_of("for with without in on to of from by and or the a an at w")
_INCHES = re.compile(r"(?<=\d)\s*(?:''|\"|\u201d|\u2033)")
_FEET = re.compile(r"(?<=\d)\s*(?:'|\u2019|\u2032)(?![a-z])")
# Unicode's NFKC makes '1\u00bd' the number 11/2.
_AFTER_DIGIT = re.compile(r"(?<=\d)(?=[\u00bc-\u00be\u2150-\u215e])")
_NUMBER = (
    r"\d{1,4}[\s-]+\d{1,2}/\d{1,3}|\d{1,4}/\d{1,4}"  # 1 1/2, 3/4
    r"|\d{1,3}(?:,\d{3}){1,3}(?:\.\d{1,3})?|\d{1,12}(?:\.\d{1,6})?|\.\d{1,6}"  # 1,000, 1.5, .5
)
_TOKEN = re.compile(rf"(?P<number>{_NUMBER})|(?:sq|fl)\.?\s*-?(?:ft|oz)\b|[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_NO_LETTER = re.compile(r"[.\s-]+")
_UNSPACED = re.compile(rf"[{UNSPACED}]+")
_BETWEEN_NUMBERS = words_of("x by \u00d7")


class Term(NamedTuple):
    """A word in its base form, or a number in decimal notation."""

    text: str
    unit: str = ""  # of a number; '' where the text gives none


def normalised(text: str) -> str:
    """The text in one form: NFKC, lower case, single spaces, numbers decimal, units by one name, plurals by their base.

    Two queries of one form are one query. '' for a text without letters and digits.
    """
    return in_one_form(terms(text))


def in_one_form(of_text: list[Term]) -> str:
    """The text that `normalised` returns, of its terms."""
    return " ".join(f"{term.text} {term.unit}".rstrip() for term in of_text)


def terms(text: str) -> list[Term]:
    """Words and numbers in their order. Chinese is segmented; of other scripts without spaces pairs of characters."""
    plain = plain_text(_AFTER_DIGIT.sub(" ", text)).lower().replace("\u2044", "/")
    lower = _FEET.sub(" ft ", _INCHES.sub(" in ", plain))
    collected: list[Term] = []
    for match in _TOKEN.finditer(lower):
        if len(collected) >= MOST_TERMS:
            break
        token = match.group()
        if match["number"]:
            collected.append(Term(decimal(token)))
            continue
        follows_number = bool(collected) and collected[-1].text[0].isdigit()
        unit = unit_name(_NO_LETTER.sub(" ", token)) or unit_name(base_form(token))
        if unit and follows_number and not collected[-1].unit:
            collected[-1] = Term(collected[-1].text, unit)
        elif not (token in _BETWEEN_NUMBERS and follows_number):
            collected += [Term(word) for word in _words(token)]
    return collected[:MOST_TERMS]


def _words(token: str) -> Iterator[str]:
    if token.isascii():
        yield base_form(token)
        return
    end = 0
    for match in _UNSPACED.finditer(token):
        if match.start() > end:
            yield token[end : match.start()]
        yield from unspaced_words(match.group())
        end = match.end()
    if end < len(token):
        yield base_form(token[end:])


def index_terms(of_text: list[Term]) -> list[str]:
    """What an index of words holds: each word and number, and in addition a number with its unit."""
    return [term.text for term in of_text] + [f"{term.text} {term.unit}" for term in of_text if term.unit]


def grams(of_text: list[Term], size: int = CHARACTERS) -> list[str]:
    """All `size` characters in a row of each word, a space before and after it included: what survives a typo."""
    return [gram for term in of_text for gram in grams_of(term.text, size)]


def head(of_text: list[Term]) -> str:
    """The word that names the product: the last word before the first divider that follows a word, '' for none.

    English and Chinese put what a product is last (right-hand head rule: Williams, 1981).
    """
    last = ""
    for term in of_text:
        if term.text in DIVIDERS:
            if last:
                break
        elif not term.text[0].isdigit():
            last = term.text
    return last
