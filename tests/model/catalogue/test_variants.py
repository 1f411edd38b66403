"""Which titles are variants of one product, and which text leads a group."""

from __future__ import annotations

import random

import pytest

from model.catalogue.variants import MOST_LEADERS, Text, block_of, common_words, description_words, grouped


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Dry Dog Food, 20 lb", "Dry Dog Food 4.4 LB"),
        ("Dog Food", "dog foods"),
        ("Cola 12 fl oz", "Cola"),
        ("Cola, Pack of 6", "Cola 2 x 12 ct"),
        ("Cotton T-Shirt Red XL", "T-shirt, cotton, navy, small"),
        ("Strawberry Greek Yogurt", "Greek Yogurt Vanilla"),
        ("Fruit & Nut Delight Bar", "Nut Delight Fruit & Nut Bar"),
        ("Phone 12 128 GB", "Phone 12 256GB"),
        ("12 oz", "12  OZ"),
        ("\u98d8\u67d4\u6d17\u53d1\u6c34400ml", "\u98d8\u67d4\u6d17\u53d1\u6c34 \u5bb6\u5ead\u88c5 750\u6beb\u5347"),
    ],
)
def test_variants_share_a_block(title: str, other: str) -> None:
    assert block_of(title, {}) == block_of(other, {}) != ""


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Brown Rice", "White Rice"),
        ("Apple Juice", "Orange Juice"),
        ("Organic Black Beans", "Organic Green Beans"),
        ("Granola Bar", "Granola"),
        ("Phone 12", "Phone 13"),
        ("Vanilla", "Chocolate"),
        ("12 oz", "16 oz"),
        ("Peanut Butter", "Almond Butter"),
    ],
)
def test_products_that_differ_otherwise_do_not(title: str, other: str) -> None:
    assert block_of(title, {}) != block_of(other, {})


def test_the_store_s_own_values_are_left_out_and_what_variants_share_counts() -> None:
    blue = {"Colour": "Midnight", "fit": "wide"}
    assert block_of("Wool Coat Midnight", blue) == block_of("Wool Coat", {})
    assert block_of("Wool Coat Midnight", {"fit": "Midnight"}) != block_of("Wool Coat", {})
    assert block_of("Wool Coat", {}, "Acme", "Coats") == block_of("Wool Coat", {}, " ACME", "coats")
    assert block_of("Wool Coat", {}, "Acme", "Coats") != block_of("Wool Coat", {}, "Bolt", "Coats")
    assert block_of("Wool Coat", {}, "a", "") != block_of("Wool Coat", {}, "", "a")


@pytest.mark.parametrize("title", ["", "!!!", "\x00", "\U0001f600"])
def test_a_title_without_a_word_has_no_block(title: str) -> None:
    assert block_of(title, {}) == ""


def test_a_title_of_ten_thousand_words() -> None:
    assert len(common_words("alpha beta " * 5_000, {})) == 2


def text(block: str, text_hash: str, words: str = "", group: str = "") -> Text:
    return Text(block, text_hash, group, frozenset(words.split()))


def groups_of(texts: list[Text]) -> dict[str, str]:
    in_order = sorted(texts, key=lambda row: (row.block, row.group == "", row.text_hash))
    return {row.text_hash: row.group for row in grouped(in_order)}


def test_a_group_is_a_block_of_texts_described_alike() -> None:
    texts = [
        text("x", "1" * 64, "a b c d"), text("x", "2" * 64, "a b c e"), text("x", "3" * 64, "p q r"),
        text("x", "4" * 64), text("y", "5" * 64, "a b c d"), text("", "6" * 64), text("", "7" * 64),
    ]  # fmt: skip
    expected = {
        "1" * 64: "1" * 16, "2" * 64: "1" * 16, "3" * 64: "3" * 16, "4" * 64: "1" * 16, "5" * 64: "5" * 16,
        "6" * 64: "6" * 16, "7" * 64: "7" * 16,
    }  # fmt: skip
    assert groups_of(texts) == expected
    shuffled = random.Random(1).sample(texts, len(texts))
    assert groups_of(shuffled) == expected


def test_a_later_text_joins_a_group_and_changes_none() -> None:
    leaders = [text("x", "5" * 64, "a b", "5" * 16), text("x", "9" * 64, "p q", "9" * 16)]
    assert groups_of([*leaders, text("x", "1" * 64, "p q"), text("x", "2" * 64, "m n")]) == {
        "1" * 64: "9" * 16,
        "2" * 64: "2" * 16,
    }


def test_a_block_of_many_descriptions_is_compared_with_some() -> None:
    apart = [text("x", f"{number:064}", f"w{number}") for number in range(MOST_LEADERS + 5)]
    last = text("x", "f" * 64, f"w{MOST_LEADERS + 2}")
    assert groups_of([*apart, last])["f" * 64] == "f" * 16
    assert groups_of([*apart, last._replace(words=apart[3].words)])["f" * 64] == apart[3].text_hash[:16]


def test_words_of_a_description() -> None:
    assert description_words("Teas, and a tea. No 5!") == ["tea"]
    assert description_words("") == []
