"""Items in a wrong category."""

from __future__ import annotations

import numpy as np
import pytest

from model.catalogue.categories import best_of
from model.catalogue.mislabelled import category_bars, likely_wrong


def test_the_bar_of_a_category_is_the_mean_chance_of_its_own_texts() -> None:
    """(.9 + .5) / 2 = .7 for the first; the second has one text, the third none."""
    np.testing.assert_allclose(category_bars(np.array([0.9, 0.5, 0.6]), np.array([0, 0, 1]), 3), [0.7, 0.6, 2.0])


def test_texts_that_reach_the_bar_of_another_category_are_listed_by_margin() -> None:
    """Bars .7 and .7. Row 1 has .8 for b though it is an a; row 3 is a b with .9 for a; row 4 has .6 for b, below."""
    chances = np.array([[0.95, 0.05], [0.2, 0.8], [0.1, 0.9], [0.9, 0.1], [0.4, 0.6]])
    label = np.array([0, 0, 1, 1, 0])
    wrong = likely_wrong(best_of(chances, label), label, np.array([0.7, 0.7]), ["a", "b"])
    assert wrong.to_dict("list") == {
        "row": [3, 1],
        "category": ["b", "a"],
        "likely_category": ["a", "b"],
        "chance": pytest.approx([0.9, 0.8]),
        "own_chance": pytest.approx([0.1, 0.2]),
    }


def test_a_category_without_texts_accuses_none() -> None:
    chances, label = np.array([[0.3, 0.7]]), np.array([0])
    bars = category_bars(np.array([0.3]), label, 2)
    assert likely_wrong(best_of(chances, label), label, bars, ["a", "b"]).empty


def test_chances_of_the_own_category_are_needed() -> None:
    with pytest.raises(ValueError, match="own categories"):
        likely_wrong(best_of(np.array([[1.0]]), None), np.array([0]), np.array([0.5]), ["a"])
