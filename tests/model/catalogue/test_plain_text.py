"""Texts as stores deliver them."""

from __future__ import annotations

import pytest

from model.catalogue.plain_text import MOST_CHARACTERS, plain_text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (None, ""),
        ("", ""),
        ("Tea", "Tea"),
        ("Salt &amp; pepper", "Salt & pepper"),
        ("<p>Dark <b>roast</b></p>", " . Dark  . roast .  . "),
        ("Sizes < 5 and > 3", "Sizes < 5 and > 3"),
        ("<script>alert('x')</script>Tea<!-- hidden -->", " . Tea . "),
        ("<style>p {color: red}", " . "),
        ("A\x00B\u200bC\tD", "A B C D"),
        ("\uff21\uff22\uff23 \uff11\uff12", "ABC 12"),
        ("cafe\u0301", "caf\u00e9"),
        ("half \ud83d of a pair", "half   of a pair"),
    ],
)
def test_markup_control_characters_and_spellings_of_one_character(text: str | None, plain: str) -> None:
    assert plain_text(text) == plain


def test_a_long_text_ends_after_a_word() -> None:
    plain = plain_text("word " * 10_000)
    assert len(plain) <= MOST_CHARACTERS
    assert set(plain.split()) == {"word"}
    assert len(plain_text("<b>" * 1_000_000)) <= MOST_CHARACTERS
