"""Text of a store as plain words: without markup, control characters and spellings of one character."""

from __future__ import annotations

import html
import re

from model.text.characters import with_readable_characters

MOST_CHARACTERS = 8_000  # of one text; what a description says after that is no longer about the product
_MARKUP = re.compile(
    r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)|</?[a-zA-Z][^<>]*>", re.DOTALL | re.IGNORECASE
)


def plain_text(text: str | None) -> str:
    """The readable characters of the text without tags and entities of HTML.

    A tag ends a phrase, so it becomes a full stop. At most MOST_CHARACTERS, of which an incomplete last word is left
    out; '' for None.
    """
    if not text:
        return ""
    longest = 4 * MOST_CHARACTERS  # markup included
    raw = without_markup(text if len(text) <= longest else text[:longest], tag=" . ")
    plain = with_readable_characters(raw, format_character=" ")
    if len(plain) <= MOST_CHARACTERS:
        return plain
    return plain[:MOST_CHARACTERS].rpartition(" ")[0] or plain[:MOST_CHARACTERS]


def without_markup(text: str, tag: str) -> str:
    """The text with `tag` in place of each tag, comment, script and style of HTML, and without entities."""
    if "<" in text:
        text = _MARKUP.sub(tag, text)
    return html.unescape(text) if "&" in text else text
