"""Attributes of an item: those that the store gives, and for the others what the text says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from model.catalogue.attribute_values import BRAND, COLOUR, MATERIAL, AttributeValues, attribute_name
from model.catalogue.plain_text import plain_text
from model.catalogue.quantities import quantity

SIZE, PACK = "size", "pack"
FEATURES = (SIZE, PACK, COLOUR, MATERIAL, BRAND)
MOST_READ = 2_000  # characters; what a description names after that is rarely an attribute of the product
# store: the item has it; value: the text names a value that other items have; common: it names a common colour or
# material; pattern: a number with a unit, or a size of clothes.
Source = Literal["store", "value", "common", "pattern"]


class Attribute(NamedTuple):
    """An attribute with its value; `unit` is that of an amount, '' of anything else."""

    attribute: str
    value: str
    unit: str
    source: Source


def given(brand: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """By attribute what the store says of an item; values without a character that can be read are left out."""
    named = {BRAND: brand} | {attribute_name(key): attributes[key] for key in sorted(attributes)}
    plain = {name: plain_text(value).strip() for name, value in named.items()}
    return {name: value for name, value in plain.items() if name and value}


def described(title: str, description: str) -> str:
    """The plain text of an item in which attributes are looked for."""
    return f"{plain_text(title)}. {plain_text(description)}"[:MOST_READ]


def attributes_of(text: str, own: Mapping[str, str], values: AttributeValues) -> list[Attribute]:
    """The attributes of an item by name. What the store gives is never replaced; of a size it is read as an amount.

    text: of `described`; own: of `given`
    """
    by_name = {
        name: Attribute(name, value.value, "", "common" if value.is_common else "value")
        for name, value in values.find(text).items()
    }
    said = quantity(text)
    if said.size:
        by_name[SIZE] = Attribute(SIZE, said.size, said.unit, "pattern")
    if said.pack:
        by_name[PACK] = Attribute(PACK, said.pack, "", "pattern")
    for name, value in own.items():
        size = quantity(value) if name == SIZE else None
        amount = (size.size, size.unit) if size and size.size else (value, "")
        by_name[name] = Attribute(name, *amount, "store")
    return [by_name[name] for name in sorted(by_name)]
