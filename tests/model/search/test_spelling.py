"""Words of queries that no title has."""

from __future__ import annotations

import pytest

from model.search.queries import terms
from model.search.spelling import Spelling, errors

FREQUENCY = {"ceiling": 30, "sealing": 2, "galvanized": 20, "shower": 50, "head": 90, "fan": 40, "rare": 1, "steel": 60}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("cieling fan", "ceiling fan"),  # swapped
        ("galvanise", "galvanized"),  # two errors
        ("showerhead", "shower head"),  # two words as one
        ("stell", "steel"),
        ("rarr", "rarr"),  # the only near word is in one title
        ("xyzzyq", "xyzzyq"),
        ("fen", "fen"),  # too short
        ("ab12", "ab 12"),
    ],
)
def test_an_unknown_word_becomes_the_likely_one(query: str, expected: str) -> None:
    assert " ".join(term.text for term in Spelling(FREQUENCY).corrected(terms(query))) == expected


def test_a_word_of_the_catalogue_stays() -> None:
    assert Spelling(FREQUENCY).corrected(terms("rare sealing")) == terms("rare sealing")


def test_an_empty_catalogue_corrects_nothing() -> None:
    assert Spelling({}).corrected(terms("cieling fan")) == terms("cieling fan")


@pytest.mark.parametrize(
    ("first", "second", "number"),
    [("", "", 0), ("a", "", 1), ("abc", "acb", 1), ("abc", "abcd", 1), ("abc", "xbc", 1), ("kitten", "sitting", 3)],
)
def test_errors_are_counted(first: str, second: str, number: int) -> None:
    assert errors(first, second) == errors(second, first) == number
