"""Whole words and phrases in texts of a store."""

from __future__ import annotations

import pytest

from model.catalogue.whole_phrases import comparable, first_phrase, is_searchable


@pytest.mark.parametrize(
    ("phrase", "text", "is_found"),
    [
        ("cbd", "Oil with CBD, 10 %", True),
        ("\uff23\uff22\uff24", "cbd oil", True),  # full width
        ("cbd", "CBD油", True),
        ("cbd", "cbd500 and abcbd", False),
        ("Weight Loss", "tea for weight-loss", True),
        ("weight loss", "<b>Weight</b>&nbsp;loss", True),
        ("weight loss", "weight lossless", False),
        ("alcohol", "al\u00adco\u00adhol", True),  # soft hyphens
        ("wine", '<a href="wine.html">tea</a>', False),
        ("STRASSE", "an der Straße", True),
        ("减肥", "快速减肥茶", True),
        ("タバコ", "電子ﾀﾊﾞｺ", True),  # half width
        ("wine", None, False),
        ("18+", "from 18+ on", True),
        ("18+", "18 pieces", False),
        ("wine", "wines, winery and wine", True),
    ],
)
def test_a_phrase_is_found_as_whole_words(phrase: str, text: str | None, is_found: bool) -> None:
    assert (first_phrase(comparable(text), [comparable(phrase)]) == 0) is is_found


def test_the_first_of_the_phrases_counts() -> None:
    assert first_phrase("tea and red wine", ["beer", "red wine", "tea"]) == 1


def test_a_phrase_needs_something_to_find() -> None:
    assert [is_searchable(comparable(phrase)) for phrase in ("酒", "🔞", "-", " ", "...")] == [
        True, True, False, False, False,
    ]  # fmt: skip
