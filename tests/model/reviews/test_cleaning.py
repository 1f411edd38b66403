"""The text of a review: markup, repeats, signs that cannot be read."""

from time import perf_counter

import pytest

from model.reviews.cleaning import MOST_CHARACTERS, cleaned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ""),
        ("", ""),
        (" \n\t\x00 ", ""),
        ("<b>Great</b>&nbsp;PHONE<br/>&#128545; <!-- x -->", "great phone \U0001f621"),
        ("better <3 than 5 < 6", "better <0 than 0 < 0"),
        ("质量ＢＡＤ\uff0c\uff11\uff12\uff13元", "质量bad,0元"),
        ("好" * 1000, "好好"),
        ("not good " * 1000, "not good not good not good"),  # the last blank is cut off, so a third one is left
        ("bad\ud800\u200b!!!", "bad !!"),
        ("坏 bad плохо 😡😡😡", "坏 bad плохо 😡😡"),
    ],
)
def test_cleaned(text: str | None, expected: str) -> None:
    assert cleaned(text) == expected


def test_a_long_review_keeps_its_ends_and_takes_no_time() -> None:
    words = " ".join(f"w{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}" for i in range(10_000))
    begun = perf_counter()
    text = cleaned("broken " + words)
    assert perf_counter() - begun < 5
    assert text.startswith("broken ")
    assert len(text) <= MOST_CHARACTERS + 1
