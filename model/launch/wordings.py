"""Other wordings of an item's title and description, from its own words and attributes alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from model.catalogue.attribute_values import BRAND, COLOUR, MATERIAL
from model.catalogue.attributes import SIZE, Attribute
from model.catalogue.plain_text import plain_text
from model.catalogue.whole_phrases import comparable, first_phrase
from model.launch.gaps import bases
from model.launch.look_alikes import leaf
from model.text.scripts import UNSPACED

CURRENT = "current"  # the wording that the item has
LONGEST_TITLE = 150  # characters; a longer title is no suggestion
LONGEST_VALUE = 60  # characters of an attribute's value in a description
MOST_FACTS = 8  # attributes in a description
_IN_TITLE = (COLOUR, MATERIAL, SIZE)  # after the title, in this order; the brand comes before it
_KEYWORDS_IN_TITLE = 2
_TOKEN = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")


class Language(NamedTuple):
    """The words and marks of the templates in one language. labels: by attribute; a key of the store has none"""

    kind: str
    labels: Mapping[str, str]
    of: str  # between a label and its value, and between a kind and a title
    end: str  # of a sentence
    comma: str


LANGUAGES = {
    "en": Language(
        "Kind", {BRAND: "Brand", SIZE: "Size", COLOUR: "Colour", MATERIAL: "Material", "pack": "Pack"}, ": ", ". ",
        ", ",
    ),
    "zh": Language(
        "类别", {BRAND: "品牌", SIZE: "规格", COLOUR: "颜色", MATERIAL: "材质", "pack": "每包数量"}, "：", "。", "，"
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Product:
    """What a store says of an item. attributes: what is known of it, by name; keywords: of its own texts"""

    title: str
    description: str
    category: str
    attributes: Sequence[Attribute] = ()
    keywords: Sequence[str] = ()
    store: Mapping[str, str] = field(default_factory=dict)  # the store's own brand and attributes, by key

    @property
    def own_text(self) -> str:
        """All that the store says, as one plain text: whatever a wording may say."""
        parts = (self.title, self.description, self.category, *self.store, *self.store.values())
        return " . ".join(plain_text(part) for part in parts)


class Wording(NamedTuple):
    """A title and a description under the name of their template."""

    name: str
    title: str
    description: str


def wordings(product: Product, language: str) -> list[Wording]:
    """CURRENT, and each template's wording that differs from it; each word of it is the item's own or the template's.

    attributes: brand before the title, colour, material and size after it, as far as the title lacks them
    kind: the finest level of the category before the title, where the title has no word of it
    keywords: the title and the first keywords that it lacks
    facts: a description that begins with the attributes
    attributes_and_facts: both

    language: of LANGUAGES, in which the labels of facts are written
    """
    words = LANGUAGES[language]
    title, description = plain_text(product.title).strip(), product.description
    of_attributes, of_facts = _with_attributes(title, product, words), _with_facts(product, words)
    proposed = [
        Wording("attributes", of_attributes, description),
        Wording("kind", _with_kind(title, product, words), description),
        Wording("keywords", _with_keywords(title, product, words), description),
        Wording("facts", title, of_facts),
        Wording("attributes_and_facts", of_attributes, of_facts),
    ]
    current = Wording(CURRENT, product.title, description)
    different = dict[tuple[str, str], Wording]()
    for wording in proposed:
        is_new = (wording.title, wording.description) != (title, description)
        is_short = wording.title == title or len(wording.title) <= LONGEST_TITLE
        if is_new and is_short and not foreign_words(wording, product, language):
            different.setdefault((wording.title, wording.description), wording)
    return [current, *different.values()]


def foreign_words(wording: Wording, product: Product, language: str) -> list[str]:
    """The words of a wording that neither the item's texts and attributes nor the template have, in their order.

    Characters of scripts without spaces count as words.
    """
    words = LANGUAGES[language]
    own = set(_tokens(" ".join([product.own_text, words.kind, *words.labels.values()])))
    said = _tokens(f"{plain_text(wording.title)} {plain_text(wording.description)}")
    return [word for word in dict.fromkeys(said) if word not in own]


def _with_attributes(title: str, product: Product, words: Language) -> str:
    values = _values(product)
    brand = values.get(BRAND, "")
    front = f"{brand} " if brand and not _says(title, brand) else ""
    after = [values[name] for name in _IN_TITLE if name in values and not _says(title, values[name])]
    return front + words.comma.join([title, *after])


def _with_kind(title: str, product: Product, words: Language) -> str:
    kind = plain_text(leaf(product.category)).strip()
    return title if not kind or bases(kind) & bases(title) else f"{kind}{words.of}{title}"


def _with_keywords(title: str, product: Product, words: Language) -> str:
    own = bases(title)
    added = [keyword for keyword in product.keywords if bases(keyword) and not bases(keyword) & own]
    return words.comma.join([title, *added[:_KEYWORDS_IN_TITLE]])


def _with_facts(product: Product, words: Language) -> str:
    """The description after a sentence for each attribute, without those that it says already."""
    said, kind = product.description, plain_text(leaf(product.category)).strip()
    facts = [
        f"{words.labels.get(name, name)}{words.of}{value}"
        for name, value in _values(product).items()
        if len(value) <= LONGEST_VALUE and not _says(said, value)
    ][:MOST_FACTS]
    if kind and not _says(said, kind):
        facts.append(f"{words.kind}{words.of}{kind}")
    sentences = "".join(f"{fact}{words.end}" for fact in facts)
    return (sentences + said).strip() if facts else said


def _values(product: Product) -> dict[str, str]:
    """By attribute its value as the store or the text writes it; one that neither writes so is left out."""
    own, values = set(_tokens(product.own_text)), dict[str, str]()
    for attribute in product.attributes:
        value = f"{attribute.value} {attribute.unit}".strip()
        if attribute.source == "store":
            value = plain_text(product.store.get(attribute.attribute, value)).strip()
        if value and set(_tokens(value)) <= own:
            values[attribute.attribute] = value
    return values


def _says(text: str, value: str) -> bool:
    return first_phrase(comparable(text), [comparable(value)]) is not None


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())
