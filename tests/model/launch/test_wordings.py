"""Wordings from an item's own words and attributes alone."""

from __future__ import annotations

import pytest

from model.catalogue.attribute_values import AttributeValues
from model.catalogue.attributes import attributes_of, described, given
from model.launch.wordings import CURRENT, Product, Wording, foreign_words, wordings


def product_of(
    title: str, description: str = "", category: str = "", brand: str = "", keywords: tuple[str, ...] = (),
    **attributes: str,
) -> Product:  # fmt: skip
    store = given(brand, attributes)
    attributes_found = attributes_of(described(title, description), store, AttributeValues.learn([]))
    return Product(title, description, category, attributes_found, keywords, store)


def test_a_title_gets_the_attributes_that_it_lacks() -> None:
    mug = product_of("Tall mug", "Blue. Keeps warm.", "Home > Mugs", "Acme", ("keeps", "warm"), size="350 ml")
    by_name = {wording.name: wording for wording in wordings(mug, "en")}
    assert list(by_name) == [CURRENT, "attributes", "keywords", "facts", "attributes_and_facts"]
    assert by_name[CURRENT] == Wording(CURRENT, "Tall mug", "Blue. Keeps warm.")
    assert by_name["attributes"].title == "Acme Tall mug, blue, 350 ml"
    assert by_name["keywords"].title == "Tall mug, keeps, warm"
    # The description says the colour already.
    assert by_name["facts"].description == "Brand: Acme. Size: 350 ml. Kind: Mugs. Blue. Keeps warm."
    assert by_name["attributes_and_facts"][1:] == (by_name["attributes"].title, by_name["facts"].description)


def test_a_kind_comes_before_a_title_that_does_not_say_it() -> None:
    names = {wording.name: wording.title for wording in wordings(product_of("Aurora 3", category="Home > Lamps"), "en")}
    assert names["kind"] == "Lamps: Aurora 3"
    assert "attributes_and_facts" not in names  # without attributes it is the wording of facts
    assert "kind" not in {wording.name for wording in wordings(product_of("Desk lamp", category="Home > Lamps"), "en")}


def test_an_item_that_says_everything_has_no_other_wording() -> None:
    full = product_of("Acme mug, 350 ml", "Acme mug of 350 ml", "Mug", "Acme", size="350 ml")
    assert [wording.name for wording in wordings(full, "en")] == [CURRENT]
    assert [wording.name for wording in wordings(product_of(""), "en")] == [CURRENT]


def test_a_chinese_item_has_chinese_labels() -> None:
    cup = product_of("马克杯", category="家居 > 杯子", brand="某牌", 颜色="蓝色")
    by_name = {wording.name: wording for wording in wordings(cup, "zh")}
    assert by_name["attributes"].title == "某牌 马克杯，蓝色"
    assert by_name["facts"].description == "品牌：某牌。颜色：蓝色。类别：杯子。"
    assert foreign_words(Wording("mine", "马克杯红", ""), cup, "zh") == ["红"]


@pytest.mark.parametrize(
    "title", ["<b>Tall</b> mug", "MUG &amp; saucer", "杯 mug", "mug " * 400, "\u0000\u200bmug", "🎁 mug"]
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_wording_has_a_word_of_its_own(title: str, language: str) -> None:
    item = product_of(
        title, "<p>Deep <i>red</i>, 2 x 350&nbsp;ml</p>", "A > \uff22\uff49\uff47 & tall", "Acme\u00ae", ("deep",),
        Finish="matt", material="stainless steel",
    )  # fmt: skip
    _, *others = wordings(item, language)
    assert others
    assert all(foreign_words(wording, item, language) == [] for wording in others)


def test_a_foreign_word_is_named() -> None:
    mug = product_of("Tall mug", brand="Acme")
    assert foreign_words(Wording("mine", "Best tall mug, Acme", "Size: huge"), mug, "en") == ["best", "huge"]
