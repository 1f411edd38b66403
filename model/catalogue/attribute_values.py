"""Values of attributes that a text names: those that the store uses itself, and common colours and materials."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from model.text.scripts import CHINESE_OR_JAPANESE

COLOUR, MATERIAL, BRAND = "colour", "material", "brand"
# What stores call these attributes, in lower case without spaces, hyphens and underscores.
_KEYS = {
    "color": COLOUR, "colour": COLOUR, "colors": COLOUR, "colours": COLOUR, "颜色": COLOUR, "颜色分类": COLOUR,
    "material": MATERIAL, "materials": MATERIAL, "fabric": MATERIAL, "材质": MATERIAL, "面料": MATERIAL,
    "brand": BRAND, "brandname": BRAND, "manufacturer": BRAND, "品牌": BRAND,
}  # fmt: skip
_COLOURS = (
    "black white red blue green yellow orange purple pink brown grey gray beige ivory navy turquoise teal burgundy "
    "maroon khaki lavender magenta cyan olive charcoal bronze silver gold multicolor multicolour "
    "黑色 白色 红色 蓝色 绿色 黄色 橙色 紫色 粉色 粉红色 棕色 灰色 米色 银色 金色 咖啡色 藏青色 酒红色 卡其色"
)
_MATERIALS = (
    "cotton linen wool silk cashmere polyester nylon spandex leather suede denim velvet fleece acrylic plastic rubber "
    "silicone wood wooden bamboo glass ceramic porcelain aluminum aluminium brass copper iron steel vinyl pvc "
    "纯棉 亚麻 羊毛 真丝 羊绒 涤纶 尼龙 真皮 牛皮 皮革 塑料 橡胶 硅胶 实木 玻璃 陶瓷 不锈钢 铝合金"
)
_COMMON = {COLOUR: tuple(_COLOURS.split()), MATERIAL: ("stainless steel", *_MATERIALS.split())}
# Not all scripts without spaces: a value in Thai or Khmer has more than LONGEST characters.
_TOKEN = re.compile(rf"[{CHINESE_OR_JAPANESE}]|[^\W_{CHINESE_OR_JAPANESE}]+")
_SPACE_BETWEEN = re.compile(rf"(?<=[{CHINESE_OR_JAPANESE}]) (?=[{CHINESE_OR_JAPANESE}])")
# A phrase ends here, so that a colour before it is no part of a name as in 'white ale' or 'green tea'.
_PHRASE_ENDS = re.compile(r"\s*(?:$|[^\w\s'\u2019&-]|[-&/]\s|(?:and|with|for|size)\b)")
LONGEST = 6  # words of a value, or characters of a script without spaces
LEAST_ITEMS = 2  # items with the value whose text names it
LEAST_SHARE = 0.8  # of the items whose text names a value and that have the attribute, those that have this value
MOST_VALUES = 50_000  # of one attribute: those that most items have


class Value(NamedTuple):
    """A phrase that names a value of an attribute. A common colour or material is its own value."""

    attribute: str
    phrase: str
    value: str
    is_common: bool


class _Run(NamedTuple):
    phrase: str
    end: int  # in the text in lower case


def attribute_name(key: str) -> str:
    """One name for what stores call by several: colour, material, brand; any other key in lower case."""
    return _KEYS.get(re.sub(r"[\s_-]+", "", key.lower()), key.strip().lower())


class AttributeValues:
    """By attribute the phrases that name a value, in lower case, and the value as the store writes it most often."""

    def __init__(self, learnt: Mapping[str, Mapping[str, str]], common: Mapping[str, frozenset[str]]) -> None:
        self._learnt = {name: dict(learnt[name]) for name in sorted(learnt)}
        self._common = common

    @classmethod
    def learn(cls, items: Iterable[tuple[str, Mapping[str, str]]]) -> AttributeValues:
        """From items whose attributes the store gives: (plain text, value by attribute).

        A value is learnt if the texts of LEAST_ITEMS items with it name it, and at least LEAST_SHARE of the items
        whose text names it have it: 'simple' names no brand where most texts use it as a word. A common colour or
        material needs no item, but the same share where there are any.
        """
        listed = [
            (text, {attribute_name(key): value for key, value in given.items() if _phrase(value)})
            for text, given in items
        ]
        spelled = _spellings(given for _, given in listed)
        known = {name: {*spelled.get(name, ()), *_COMMON.get(name, ())} for name in {*spelled, *_COMMON}}
        named, right = defaultdict[str, Counter[str]](Counter), defaultdict[str, Counter[str]](Counter)
        for text, given in listed:
            in_text = {run.phrase for run in _runs(text)}
            for name, value in given.items():
                said, own = in_text & known.get(name, set()), {run.phrase for run in _runs(value)}
                named[name].update(said)
                right[name].update(said & own)
        learnt = {
            name: {
                phrase: min(spellings.items(), key=lambda entry: (-entry[1], entry[0]))[0]
                for phrase, spellings in sorted(of_name.items())
                if right[name][phrase] >= max(LEAST_ITEMS, LEAST_SHARE * named[name][phrase])
            }
            for name, of_name in spelled.items()
        }
        common = {
            name: frozenset(word for word in of_name if right[name][word] >= LEAST_SHARE * named[name][word])
            for name, of_name in _COMMON.items()
        }
        return cls(learnt, common)

    @classmethod
    def of(cls, values: Iterable[Value]) -> AttributeValues:
        """Those that `values` gave."""
        learnt, common = defaultdict[str, dict[str, str]](dict), defaultdict[str, set[str]](set)
        for value in values:
            if value.is_common:
                common[value.attribute].add(value.phrase)
            else:
                learnt[value.attribute][value.phrase] = value.value
        return cls(learnt, {name: frozenset(common.get(name, ())) for name in _COMMON})

    def values(self) -> list[Value]:
        """All that can be found."""
        learnt = [
            Value(name, phrase, value, False)
            for name, of_name in self._learnt.items()
            for phrase, value in of_name.items()
        ]
        return [
            *learnt, *(Value(name, word, word, True) for name, words in self._common.items() for word in sorted(words)),
        ]  # fmt: skip

    def find(self, text: str) -> dict[str, Value]:
        """By attribute the value that the text names first; of two that begin at one place the longer one.

        A common colour counts where it ends a phrase, follows 'in' or stands before a material.

        text: plain text, the title first
        """
        lower, found = text.lower(), dict[str, Value]()
        for run in _runs(lower):
            for name, of_name in self._learnt.items():
                if name not in found and run.phrase in of_name:
                    found[name] = Value(name, run.phrase, of_name[run.phrase], False)
            for name, words in self._common.items():
                if name not in found and run.phrase in words and (name != COLOUR or _is_colour(lower, run)):
                    found[name] = Value(name, run.phrase, run.phrase, True)
        return dict(sorted(found.items()))


def _is_colour(lower: str, run: _Run) -> bool:
    if _PHRASE_ENDS.match(lower, run.end) or lower[: run.end - len(run.phrase)].endswith(" in "):
        return True
    after = _TOKEN.search(lower, run.end)
    return not run.phrase.isascii() or (after is not None and after.group() in _COMMON[MATERIAL])


def _spellings(values: Iterable[Mapping[str, str]]) -> dict[str, dict[str, Counter[str]]]:
    """By attribute and phrase how often the store writes it in which way; the MOST_VALUES phrases of most items."""
    spelled: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for attributes in values:
        for name, value in attributes.items():
            phrase = _phrase(value)
            if phrase.count(" ") < LONGEST:
                spelled[name][phrase][value.strip()] += 1
    return {
        name: dict(sorted(of_name.items(), key=lambda entry: (-entry[1].total(), entry[0]))[:MOST_VALUES])
        for name, of_name in spelled.items()
    }


def _phrase(value: str) -> str:
    """Words in lower case with a space between them; of a script without spaces the characters as they stand."""
    return _joined(_TOKEN.findall(value.lower()))


def _runs(text: str) -> Iterator[_Run]:
    """All runs of up to LONGEST words in their order, of each place the longest first."""
    tokens = list(_TOKEN.finditer(text.lower()))
    for start in range(len(tokens)):
        for end in range(min(start + LONGEST, len(tokens)), start, -1):
            yield _Run(_joined([token.group() for token in tokens[start:end]]), tokens[end - 1].end())


def _joined(tokens: list[str]) -> str:
    spaced = " ".join(tokens)
    return spaced if spaced.isascii() else _SPACE_BETWEEN.sub("", spaced)
