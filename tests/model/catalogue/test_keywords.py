"""Weights of words by their neighbours, and the phrases that a text is given by them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from model.catalogue.keywords import LONGEST, keywords
from model.catalogue.term_weights import cohesion, counts_of, informative, term_weights
from model.catalogue.words import MOST_WORDS, base_form, phrases

# 'organic' stands near everything, 'tea' and 'soap' near words of their own, 'ice cream' in a row.
FLAVOURS = ("mint", "lemon", "jasmine", "ginger")
SCENTS = ("lavender", "rose", "sandalwood", "cedar")
CATALOGUE = [
    f"Organic {word} {kind}"
    for kind, words in (("tea", FLAVOURS), ("soap", SCENTS), ("ice cream", FLAVOURS), ("candle", SCENTS))
    for word in words
    for _ in range(3)
]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("", []),
        ("Tea", [["tea"]]),
        ("Tea 12 fl oz. A/B", [["tea"]]),
        ("Tea Bags, 20 Bags Organic", [["tea", "bags"], ["organic"]]),
        ("Cream of Tomato Soup, Low-Fat", [["cream"], ["tomato", "soup"], ["low", "fat"]]),
        ("L\u2019Or\u00e9al shampoo \U0001f600 50% off", [["l\u2019or\u00e9al", "shampoo"]]),
        # Shampoo, in Chinese; tea of Kyoto, in Japanese.
        ("\u98d8\u67d4\u6d17\u53d1\u6c34 Shampoo", [["\u98d8\u67d4", "\u6d17\u53d1\u6c34", "shampoo"]]),
        ("\u4eac\u306e\u8336", [["\u4eac\u306e", "\u306e\u8336"]]),
        ("\u0447\u0430\u0439 \u0634\u0627\u064a", [["\u0447\u0430\u0439", "\u0634\u0627\u064a"]]),
        ("\x00\x01 !!! 123 \U0001f600", []),
    ],
)  # fmt: skip
def test_runs_of_words(text: str, runs: list[list[str]]) -> None:
    assert list(phrases(text)) == runs


def test_a_long_text_counts_with_its_first_words() -> None:
    words = [word for run in phrases("tea, " * 10_000) for word in run]
    assert len(words) == MOST_WORDS


@pytest.mark.parametrize(
    ("word", "base"),
    [("berries", "berry"), ("dishes", "dish"), ("teas", "tea"), ("glass", "glass"), ("men's", "men"), ("bus", "bus")],
)
def test_plural_and_singular_are_one_word(word: str, base: str) -> None:
    assert base_form(word) == base


def test_a_word_near_words_of_its_own_says_more_than_one_near_any() -> None:
    terms = term_weights(CATALOGUE)
    assert terms["tea"] > terms["organic"]
    assert terms["candle"] > terms["organic"]
    assert terms["ice cream"] > 0.9
    assert terms.get("organic tea", 0.0) < 0.35


def test_the_weight_by_hand() -> None:
    # Two texts: near pairs a-b twice in both directions, c-d once; p(b|a) = 1, q(b) = 2/6: entropy ln 3.
    terms = term_weights(["aa bb", "aa bb", "cc dd"])
    assert terms["aa"] == pytest.approx(np.log(3) * np.log(3), abs=1e-6)
    assert "cc" not in terms  # of one text
    # The chance that the correction takes off: two others seen twice each, (2 - 1) / (2 * 4).
    weight = informative(np.array([4.0]), np.array([4.0]), np.array([0.5]), np.array([2.0]))
    assert weight[0] == pytest.approx((0.5 - 1 / 8) * np.log(5), abs=1e-6)
    assert cohesion(np.array([3.0]), np.array([3.0]), np.array([3.0]), 30)[0] == pytest.approx(1.0)


def test_counts_add_up_over_any_division_of_the_texts() -> None:
    parts = pd.concat([counts_of(CATALOGUE[:7]), counts_of(CATALOGUE[7:])])
    key = ["kind", "word", "other"]
    both = parts.groupby(key)["count"].sum().sort_index()
    pd.testing.assert_series_equal(both, counts_of(CATALOGUE).set_index(key)["count"].sort_index())


def test_phrases_of_a_text_the_best_first() -> None:
    terms = {"ice": 1.0, "cream": 3.0, "ice cream": 0.9, "organic": 0.1, "mint": 1.5, "scoop": 1.0}
    chosen = keywords("Organic Mint Ice Creams", "A scoop of ice cream.", terms, 3)
    assert [keyword.phrase for keyword in chosen] == ["ice creams", "mint", "scoop"]
    assert chosen[0].weight == pytest.approx(2.0 * (1 + np.log(4)), abs=1e-6)  # three for the title, one below it
    assert keywords("Organic Mint Ice Creams", "", terms, 1) == [(("ice creams"), pytest.approx(2.0 * (1 + np.log(3))))]


def test_a_chinese_phrase_has_no_spaces() -> None:
    shampoo, box = "\u6d17\u53d1\u6c34", "\u5bb6\u5ead\u88c5"
    terms = {shampoo: 2.0, box: 1.0, f"{shampoo} {box}": 0.9}
    assert keywords(f"\u98d8\u67d4{shampoo}{box}400ml", "", terms, 8)[0].phrase == shampoo + box


def test_a_phrase_has_at_most_three_words() -> None:
    terms = dict.fromkeys("abcdef", 1.0) | {f"{a}x {b}x": 0.9 for a, b in zip("abcde", "bcdef", strict=True)}
    terms |= {f"{letter}x": 1.0 for letter in "abcdef"}
    chosen = keywords("ax bx cx dx ex fx", "", terms, 8)
    assert [keyword.phrase for keyword in chosen] == ["ax bx cx", "dx ex fx"]
    assert LONGEST == 3


@pytest.mark.parametrize("text", ["", "Unknown", "123", "\x00", "\U0001f600\U0001f600", "<b></b>"])
def test_a_text_of_no_known_word_has_no_keywords(text: str) -> None:
    assert keywords(text, text, {"tea": 1.0}, 8) == []


def test_a_catalogue_of_nothing_has_no_terms() -> None:
    assert term_weights([]) == {}
    assert term_weights(["", "Tea", "!!!"]) == {}
