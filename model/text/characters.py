"""One spelling of characters that look or mean the same, without those that cannot be read."""

from __future__ import annotations

import unicodedata


def with_readable_characters(text: str, format_character: str) -> str:
    """The text in Unicode's form NFKC, each control character a space.

    Full-width letters, digits and punctuation become the common ones. Halves of pairs, private use and what is not
    assigned count as control characters.

    format_character: what replaces a character without a width (category Cf), such as a joiner of emoji
    """
    if text.isascii() and text.isprintable():
        return text
    # By category of Unicode.
    replacements = dict.fromkeys(("Cc", "Cs", "Co", "Cn"), " ") | {"Cf": format_character}
    return "".join(
        replacements.get(unicodedata.category(character), character)
        for character in unicodedata.normalize("NFKC", text)
    )
