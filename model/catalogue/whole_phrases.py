"""Whole words and phrases in texts of a store, whatever their case, width and markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from model.catalogue.plain_text import without_markup
from model.text.characters import with_readable_characters
from model.text.scripts import UNSPACED

_SEPARATORS = re.compile(r"[\s_\-\u2010-\u2015]+")
_UNSPACED = re.compile(f"[{UNSPACED}]")


def comparable(text: str | None) -> str:
    """The text as phrases are compared: Unicode's NFKC, case folded, without markup; '' for None.

    Words have one space between them, also where the text has a hyphen. Characters without a width, such as a soft
    hyphen within a word, are left out.
    """
    if not text:
        return ""
    plain = with_readable_characters(without_markup(text, tag=" "), format_character="")
    return _SEPARATORS.sub(" ", plain.casefold()).strip()


def is_searchable(phrase: str) -> bool:
    """Whether a phrase has a letter, a digit or a symbol. phrase: `comparable`"""
    return any(unicodedata.category(character)[0] in "LNS" for character in phrase)


def first_phrase(text: str, phrases: Sequence[str]) -> int | None:
    """The place of the first of the phrases that the text has as whole words; None without one.

    A phrase begins and ends where a word does. Scripts without spaces, such as Chinese and Japanese, have no such
    boundaries: a phrase in them is found anywhere.

    text, phrases: `comparable`
    """
    return next((place for place, phrase in enumerate(phrases) if _has(text, phrase)), None)


def _has(text: str, phrase: str) -> bool:
    begin = text.find(phrase)
    while begin >= 0:
        end = begin + len(phrase)
        if not _is_within_word(text, begin) and not _is_within_word(text, end):
            return True
        begin = text.find(phrase, begin + 1)
    return False


def _is_within_word(text: str, place: int) -> bool:
    """Whether the characters before and at a place belong to one word."""
    return 0 < place < len(text) and _is_of_word(text[place - 1]) and _is_of_word(text[place])


def _is_of_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" and _UNSPACED.match(character) is None
