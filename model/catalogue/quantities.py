"""Sizes in a product's text: an amount with its unit, how many pieces a pack has, and sizes of clothes."""

from __future__ import annotations

import re
from typing import NamedTuple

# By unit the ways to write it. The first of them is its name; all are in lower case.
_UNITS = (
    ("fl oz", "fl. oz.", "fl. oz", "fluid ounce", "fluid ounces", "floz"),
    ("oz", "oz.", "ounce", "ounces", "盎司"),
    ("lb", "lb.", "lbs", "lbs.", "pound", "pounds", "磅"),
    ("mg", "毫克"),
    ("g", "gr", "gram", "grams", "克"),
    ("kg", "kgs", "kilo", "kilogram", "kilograms", "kilogrammes", "千克", "公斤"),
    ("斤",),
    ("ml", "milliliter", "milliliters", "millilitre", "millilitres", "毫升"),
    ("cl",),
    ("l", "liter", "liters", "litre", "litres", "升"),
    ("gal", "gal.", "gallon", "gallons"),
    ("qt", "qt.", "quart", "quarts"),
    ("pt", "pt.", "pint", "pints"),
    ("mm", "millimeter", "millimeters", "毫米"),
    ("cm", "centimeter", "centimeters", "厘米"),
    ("m", "meter", "meters", "metre", "metres", "米"),
    ("in", "in.", "inch", "inches", "英寸"),
    ("ft", "ft.", "foot", "feet", "英尺"),
    ("yd", "yards"),
    ("sq ft", "sq. ft.", "sq. ft"),
    ("w", "watt", "watts", "瓦"),
    ("v", "volt", "volts", "伏"),
    ("mah", "毫安"),
    ("mb",),
    ("gb",),
    ("tb",),
)
_COUNTS = (
    "count", "ct", "ct.", "pack", "packs", "pk", "piece", "pieces", "pcs", "pc", "sheets", "rolls", "tablets",
    "capsules", "caplets", "softgels", "bags", "片", "包", "袋", "盒", "瓶", "罐", "只", "支", "件", "个", "个装",
    "片装", "支装", "卷", "粒", "抽", "双", "条", "套",
)  # fmt: skip
_UNIT_OF = {spelling: unit[0] for unit in _UNITS for spelling in unit}
_NUMBER = r"(?:\d{1,6}[\s-]+)?\d{1,6}/\d{1,4}|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,7}(?:[.,]\d{1,3})?|\.\d{1,3}"


def _any_of(spellings: tuple[str, ...] | list[str]) -> str:
    return "|".join(
        re.escape(spelling) for spelling in sorted(spellings, key=lambda spelling: (-len(spelling), spelling))
    )


_END = r"(?![a-z0-9])"
_UNIT = _any_of(list(_UNIT_OF))
# '2 in 1' is no length, and '20 g protein' is what a product contains.
_NO_SIZE = r"(?!\s*-?\s*(?:1|one)\b)(?!\s+(?:of\s+)?(?:\w+\s+)?(?:protein|sugars?|fat|carbs?|fib(?:er|re)|sodium)\b)"
_AMOUNT = re.compile(
    rf"(?<![\w.,/])(?:(?P<pack>\d{{1,4}})\s*[x\u00d7*]\s*)?(?P<number>{_NUMBER})\s*-?\s*(?P<unit>{_UNIT}){_END}{_NO_SIZE}"
    rf"(?:\s*[x\u00d7*]\s*(?P<after>\d{{1,4}}){_END}(?![.,/-]\d)(?!\s*-?\s*(?:{_UNIT}){_END}))?"
)
_PACK = re.compile(
    rf"(?<![\w.,/])(?P<count>\d{{1,4}})\s*-?\s*(?:{_any_of(_COUNTS)}){_END}"
    r"|\b(?:pack|box|set|case) of (?P<of>\d{1,4})\b"
)
_CLOTHES = re.compile(
    r"\bsize:?\s+(?P<named>(?:[2-5]?x{0,3}[sl]|m|\d{1,2}(?:\.5)?)\b)"
    r"|(?<![\w'\u2019-])(?P<letters>x{1,4}s|[2-5]xl|x{1,4}l)(?![\w'\u2019-])"
)


class Quantity(NamedTuple):
    """What a text says of the size; '' for what it does not say. All as text, numbers in decimal notation."""

    size: str  # amount of one piece, or the size of clothes in upper case
    unit: str  # of the amount
    pack: str  # pieces that are sold together


def quantity(text: str) -> Quantity:
    """The first amount with a unit and the first number of pieces.

    '6 x 330 ml' is 330 ml in a pack of 6, and so is '330ml*6'. Without an amount the size of clothes counts. Fractions
    and thousands are resolved ('1 1/2' and '1-1/2' are 1.5, '1,000' is 1000); a comma with one or two digits after it
    is decimal.

    text: plain text of a product, the title first
    """
    lower = text.lower()
    amount = next((found for found in _AMOUNT.finditer(lower) if decimal(found["number"]) != "0"), None)
    pack = _PACK.search(lower)
    pieces = ""
    if amount:
        pieces = amount["pack"] or amount["after"] or ""
    if not pieces and pack:
        pieces = pack["count"] or pack["of"]
    if amount:
        return Quantity(decimal(amount["number"]), _UNIT_OF[amount["unit"]], pieces)
    clothes = _CLOTHES.search(lower)
    return Quantity((clothes["named"] or clothes["letters"]).upper() if clothes else "", "", pieces)


def unit_name(spelling: str) -> str:
    """The name of a unit by one of its spellings in lower case, with or without a full stop; '' for another word."""
    return _UNIT_OF.get(spelling, "")


def decimal(number: str) -> str:
    """The number in decimal notation, without zeros that say nothing."""
    if "/" in number:
        *units, fraction = re.split(r"[\s-]+", number)
        above, below = fraction.split("/")
        if int(below) == 0:
            return "0"  # nothing is divided by 0, and no size is 0
        value = (int(units[0]) if units else 0) + int(above) / int(below)
    elif re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number):
        value = float(number.replace(",", ""))
    else:
        value = float(number.replace(",", "."))
    return f"{value:.3f}".rstrip("0").rstrip(".")
