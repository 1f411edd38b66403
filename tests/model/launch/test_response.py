"""Means of chances and their intervals over shoppers."""

from __future__ import annotations

import numpy as np
import pytest

from model.launch.response import responses


def test_a_difference_is_paired_by_shopper() -> None:
    base = np.random.default_rng(0).uniform(0.01, 0.2, size=400)
    current, better, same = responses(np.column_stack([base, base + 0.01, base[::-1]]), seed=1)
    assert current.chance == pytest.approx(base.mean())
    assert (current.difference, current.difference_low, current.difference_high) == (0.0, 0.0, 0.0)
    # Each shopper gains 0.01, so no draw of shoppers changes the difference; that of the means is wide.
    assert [better.difference, better.difference_low, better.difference_high] == pytest.approx([0.01] * 3)
    assert current.low < current.chance < current.high
    error = base.std() / 20
    assert current.high - current.low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert same.difference_low < 0 < same.difference_high


def test_one_shopper_has_no_spread_and_none_no_response() -> None:
    [only] = responses(np.array([[0.3]]), seed=1)
    assert (only.low, only.chance, only.high) == pytest.approx((0.3, 0.3, 0.3))
    with pytest.raises(ValueError, match="no shopper has the item"):
        responses(np.zeros((0, 2)), seed=1)
