"""Attributes of an item, from the store and from its text."""

from __future__ import annotations

import pytest

from model.catalogue.attribute_values import AttributeValues
from model.catalogue.attributes import MOST_READ, attributes_of, described, given

VALUES = AttributeValues.learn([("Acme oats", {"brand": "ACME", "size": "oats"})] * 2)


def test_what_the_store_gives_is_never_replaced() -> None:
    own = given("Other", {"Color": " navy ", "size": "12 oz", "Pack": "", "note": "\x00"})
    assert own == {"brand": "Other", "colour": "navy", "size": "12 oz"}
    attributes = attributes_of("Acme cotton bag, red, 2 x 300 ml", own, VALUES)
    assert [tuple(attribute) for attribute in attributes] == [
        ("brand", "Other", "", "store"), ("colour", "navy", "", "store"), ("material", "cotton", "", "common"),
        ("pack", "2", "", "pattern"), ("size", "12", "oz", "store"),
    ]  # fmt: skip


def test_the_text_says_the_others() -> None:
    attributes = attributes_of("Acme oats, 300 g, blue", {}, VALUES)
    assert [tuple(attribute) for attribute in attributes] == [
        ("brand", "ACME", "", "value"), ("colour", "blue", "", "common"), ("size", "300", "g", "pattern"),
    ]  # fmt: skip


def test_a_size_that_is_no_amount_stays_as_it_is() -> None:
    assert attributes_of("shirt", {"size": "one size"}, VALUES)[0] == ("size", "one size", "", "store")


@pytest.mark.parametrize(
    "text", ["", "\x00\x01", "\U0001f600", "<br>", "tea", "\u7eff\u8336 \u0447\u0430\u0439 \u0634\u0627\u064a"]
)
def test_a_text_without_attributes_has_none(text: str) -> None:
    assert attributes_of(described(text, text), {}, VALUES) == []


def test_a_long_text_is_read_at_its_beginning() -> None:
    text = described("Acme bag", "word " * 10_000 + "cotton")
    assert len(text) == MOST_READ
    assert [attribute.attribute for attribute in attributes_of(text, {}, VALUES)] == ["brand"]
