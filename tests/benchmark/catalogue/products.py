"""49,688 product names of Instacart with their aisles, which lie outside the repository."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from model.catalogue.words import base_form, phrases

_VAGUE = {"other", "good", "missing"}


def products(path: Path) -> pd.DataFrame:
    """name, aisle, aisle_words (base forms of its words), is_held_out (a fifth, by the SHA-256 of the name)."""
    rows = pd.read_parquet(path).rename(columns={"product_name": "name"})[["name", "aisle"]]
    words = {aisle: frozenset(words_of(aisle)) - _VAGUE for aisle in rows["aisle"].unique()}
    held_out = [int(hashlib.sha256(name.encode()).hexdigest(), 16) % 5 == 0 for name in rows["name"]]
    return rows.assign(aisle_words=rows["aisle"].map(words), is_held_out=held_out)


def words_of(text: str) -> list[str]:
    """The base forms of the words of a text, in order."""
    return [base_form(word) for run in phrases(text) for word in run]
