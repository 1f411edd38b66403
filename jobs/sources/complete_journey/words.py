"""The panel's upper-case abbreviations spelt out for shoppers."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

# The most frequent abbreviations; others stay, since a wrong guess is worse than an abbreviation.
WORDS = {
    "ACCES": "accessories", "BKD": "baked", "BTL": "bottle", "CARB": "carbonated", "CATFD": "cat food",
    "CHOC": "chocolate", "CHOCOCLATE": "chocolate", "CNTRL": "control", "CONC": "concentrate",
    "DNRS": "dinners", "DRNK": "drink", "DRNKNG": "drinking", "DRNKS": "drinks", "FD": "food",
    "FEM": "feminine", "FLVR": "flavored", "FLVRD": "flavored", "FRZ": "frozen", "FRZN": "frozen",
    "GDS": "goods", "HYGN": "hygiene", "INCL": "including", "JCE": "juice", "MISC": "miscellaneous",
    "MNRL": "mineral", "PCKGD": "packaged", "PK": "pack", "PKG": "package", "PKLD": "pickled",
    "PREM": "premium", "SFT": "soft", "SGL": "single", "SUPP": "supplement", "SV": "serve", "TRSH": "trash",
    "VEG": "vegetables", "WAT": "water", "WTR": "water",
}  # fmt: skip


def in_words(column: Column) -> Column:
    """The text with its abbreviations spelt out and each word with a capital; NULL and blank stay NULL."""
    spaced = F.regexp_replace(F.upper(column), r"[:]+", " ")
    spaced = F.regexp_replace(spaced, r"\s*([/&])\s*", " $1 ")
    spaced = F.regexp_replace(spaced, r"\s+", " ")
    spelt = F.create_map(*(F.lit(text) for pair in WORDS.items() for text in pair))
    words = F.transform(
        F.split(F.trim(spaced), " "),
        lambda word: F.coalesce(F.try_element_at(spelt, word), F.lower(word)),
    )
    return F.nullif(F.initcap(F.array_join(words, " ")), F.lit(""))


def package_size(column: Column) -> Column:
    """The size of a package in lower case with single spaces; NULL and blank stay NULL."""
    return F.nullif(F.lower(F.trim(F.regexp_replace(column, r"\s+", " "))), F.lit(""))


def attribute_map(*names: str) -> Column:
    """The columns of these names as a map from name to text, without those that are NULL or ''."""
    entries = [F.struct(F.lit(name).alias("key"), F.coalesce(name, F.lit("")).alias("value")) for name in names]
    return F.map_from_entries(F.filter(F.array(*entries), lambda entry: entry["value"] != ""))
