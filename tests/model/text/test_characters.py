"""Characters in one spelling."""

import pytest

from model.text.characters import with_readable_characters


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("", ""),
        ("Tea", "Tea"),
        ("a\tb\x00", "a b "),
        ("\uff21\uff11\uff0c cafe\u0301", "A1, caf\u00e9"),
        ("\ud83d \ue000 \u0378", "     "),
        ("a\u2028b", "a\u2028b"),  # a space of Unicode
        ("a\u200bb", "a_b"),
    ],
)
def test_with_readable_characters(text: str, readable: str) -> None:
    assert with_readable_characters(text, format_character="_") == readable
