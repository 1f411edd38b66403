"""Words of Chinese text, which has no spaces between them."""

from __future__ import annotations


def chinese_words(text: str) -> list[str]:
    """The words of Chinese characters in a row, by the dictionary of jieba, other words by its HMM."""
    from rjieba import cut  # reads its dictionary when it is first used, which other stores never do

    return cut(text)
