"""The text of a review as the sentiment reads it."""

from __future__ import annotations

import html
import re

from model.text.characters import with_readable_characters

MOST_CHARACTERS = 2000  # of a longer review the first and the last half of these are read
_MARKUP = re.compile(r"<!--.*?-->|</?[a-zA-Z][^<>]{0,500}>", re.DOTALL)
# What is said three times or more in a row is read twice; a phrase of more characters is left as it is.
_REPEATED = re.compile(r"(.{1,16}?)\1{2,}", re.DOTALL)
_DIGITS = re.compile(r"\d+")
_SPACES = re.compile(r"\s+")


def cleaned(text: str | None) -> str:
    """The review without markup, control characters and repeats, in lower case; '' where nothing is left.

    Each number becomes 0, and what is repeated three times or more in a row is kept twice. Emoji stay: they say how the
    shopper feels.
    """
    if not text:
        return ""
    plain = _MARKUP.sub(" ", html.unescape(text[: 10 * MOST_CHARACTERS]))
    plain = with_readable_characters(plain, format_character="").lower()
    plain = _SPACES.sub(" ", _DIGITS.sub("0", plain)).strip()
    plain = _REPEATED.sub(r"\1\1", plain)
    if len(plain) > MOST_CHARACTERS:
        plain = f"{plain[: MOST_CHARACTERS // 2]} {plain[-MOST_CHARACTERS // 2 :]}"
    return plain
