"""The measure of predicted against actual sales of new items."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.benchmark.launches import against_category, figures, rank_correlation


def test_a_value_is_divided_by_the_mean_of_its_category() -> None:
    items = pd.DataFrame({"category": ["a", "a", "b", "b"], "buyers": [1, 3, 0, 0]})
    assert against_category(items, "buyers").tolist() == [0.5, 1.5, 0.0, 0.0]


def test_equal_values_share_their_rank() -> None:
    assert rank_correlation(np.array([1, 2, 3]), np.array([10, 20, 90])) == pytest.approx(1.0)
    # Ranks 1.5, 1.5, 3 and 1, 2, 3: covariance 0.75 over the root of 0.75 and 1, times 2/3 each.
    assert rank_correlation(np.array([0, 0, 5]), np.array([1, 2, 3])) == pytest.approx(0.75 / np.sqrt(0.75))
    assert np.isnan(rank_correlation(np.array([1, 1]), np.array([1, 2])))


def test_only_new_items_are_ranked_and_old_ones_make_the_mean() -> None:
    items = pd.DataFrame(
        {
            "category": ["a", "a", "a", "b", "b"], "is_new": [True, True, False, True, False],
            "expected": [1.0, 2.0, 3.0, 0.0, 8.0], "buyers": [1, 2, 90, 0, 4], "purchases": [2, 1, 3, 5, 5],
        }
    )  # fmt: skip
    measured = figures(items)
    assert (measured["new items"], measured["candidates"], measured["bought"]) == (3, 2, 2)
    assert [measured["expected"], measured["expected of candidates"]] == pytest.approx([1.0, 1.0])
    # Purchases against their means 2 and 5 are 1, 0.5 and 1: ranks 2.5, 1, 2.5 against 2, 3, 1.
    assert measured["purchases"] == pytest.approx(-0.75 / np.sqrt(0.75))
    assert measured["expected low"] <= measured["expected"] <= measured["expected high"]
