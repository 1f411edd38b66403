"""Attributes that a text names."""

from __future__ import annotations

import pytest

from model.catalogue.attribute_values import AttributeValues, attribute_name

NOTHING = AttributeValues.learn([])


def found(values: AttributeValues, text: str) -> dict[str, str]:
    return {name: value.value for name, value in values.find(text).items()}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Vanity, Navy Blue, 30 in.", {"colour": "blue"}),
        ("Electric Range in Black with knobs", {"colour": "black"}),
        ("Brown leather belt", {"colour": "brown", "material": "leather"}),
        ("Sink of Stainless Steel", {"material": "stainless steel"}),
        ("White Ale", {}),
        ("Organic Green Tea Bags", {}),
        ("黑色纯棉T恤", {"colour": "黑色", "material": "纯棉"}),
        ("", {}),
        ("<>&\x00 \u200b", {}),
    ],
)
def test_common_colours_and_materials_need_no_item(text: str, named: dict[str, str]) -> None:
    assert found(NOTHING, text) == named


def test_a_store_s_own_values_are_found_as_it_writes_them() -> None:
    items = [("Acme Farms oat bread", {"Brand": "ACME Farms"}), ("acme farms rye bread", {"brand": "ACME Farms"})]
    assert found(AttributeValues.learn(items), "Bread by Acme Farms, rye") == {"brand": "ACME Farms"}


def test_a_value_that_most_texts_use_as_a_word_is_not_learnt() -> None:
    """Simple is the brand of 2 of the 3 texts that say so: .67 is below .8. Pure is of 4 in 5."""
    items = [("Simple soap", {"brand": "Simple"})] * 2 + [("A simple comb", {"brand": "Other"})]
    items += [("Pure soap", {"brand": "Pure"})] * 4 + [("A pure comb", {"brand": "Other"})]
    values = AttributeValues.learn(items)
    assert found(values, "simple brush") == {}
    assert found(values, "pure brush") == {"brand": "Pure"}


def test_one_item_does_not_make_a_value() -> None:
    assert found(AttributeValues.learn([("Zorro cape", {"brand": "Zorro"})]), "Zorro hat") == {}


def test_the_store_takes_a_common_word_back() -> None:
    """Where the store says that 'ivory' is another colour, the word names none."""
    items = [("Soap, ivory", {"color": "white"})] * 3
    assert found(AttributeValues.learn(items), "Candle, ivory") == {}


def test_the_longest_value_at_a_place_is_taken_and_the_first_place() -> None:
    items = [("Blue", {"flavour": "Blue"})] * 8 + [("Blue Berry", {"flavour": "Blue Berry"})] * 2
    values = AttributeValues.learn(items)
    assert found(values, "Ice blue berry, blue") == {"colour": "blue", "flavour": "Blue Berry"}


@pytest.mark.parametrize(
    ("key", "name"), [("Colour ", "colour"), ("brand_name", "brand"), ("材质", "material"), ("Size", "size")]
)
def test_names_of_attributes_are_joined(key: str, name: str) -> None:
    assert attribute_name(key) == name


def test_values_are_read_as_they_were_written() -> None:
    values = AttributeValues.learn([("Soap, ivory", {"color": "white", "brand": "Soap"})] * 3)
    again, text = AttributeValues.of(values.values()), "Soap of cotton, red"
    assert again.values() == values.values()
    assert again.find(text) == values.find(text)
    assert {name: value.is_common for name, value in again.find(text).items()} == {
        "brand": False, "colour": True, "material": True,
    }  # fmt: skip
    assert found(again, "Candle, ivory") == {}
