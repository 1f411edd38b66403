"""The change of prices that an elasticity suggests."""

from __future__ import annotations

import numpy as np
import pytest

from model.pricing.item_weeks import ItemWeeks
from model.pricing.suggestion import KEEP, LOWER, NODES, RAISE, suggested_change


def sure(elasticity: float, wide: float = 0.0) -> np.ndarray:
    return elasticity + wide * (NODES - 0.5)


def test_the_optimum_of_a_known_elasticity() -> None:
    # cost 0.6; the best price is cost e / (1 + e) = 0.6 x 3 / 2 = 0.9, 10 % below the current one.
    suggestion = suggested_change(sure(-3.0), -0.2, 0.2, 0.4)
    assert (suggestion.verdict, suggestion.change) == (LOWER, pytest.approx(-0.1))
    # 0.9^-3 x (0.9 - 0.6) - 0.4 = 0.0115.
    assert suggestion.gain == pytest.approx(0.9**-3 * 0.3 - 0.4)
    assert suggestion.change_low == suggestion.change_high == suggestion.change


def test_without_a_margin_the_revenue_counts() -> None:
    assert suggested_change(sure(-1.5), -0.1, 0.1, None).change == pytest.approx(-0.1)
    raised = suggested_change(sure(-0.5), -0.1, 0.1, None)
    assert (raised.verdict, raised.change, raised.gain) == (RAISE, pytest.approx(0.1), pytest.approx(1.1**0.5 - 1))


def test_a_price_is_never_beyond_what_was_tried() -> None:
    assert suggested_change(sure(-0.5), -0.1, 0.0, 0.4).change == 0.0
    nothing = suggested_change(sure(-0.5), 0.0, 0.0, 0.4)
    assert (nothing.verdict, nothing.gain) == (KEEP, 0.0)


def test_what_could_lose_is_kept() -> None:
    suggestion = suggested_change(sure(-2.4, wide=3.0), -0.1, 0.1, 0.4)
    assert suggestion.verdict == KEEP
    assert suggestion.gain_low <= 0 <= suggestion.gain_high
    assert (suggestion.change_low, suggestion.change_high) == (pytest.approx(-0.1), pytest.approx(0.1))


def test_goods_sold_at_a_loss_are_to_cost_more() -> None:
    assert suggested_change(sure(-1.5), -0.1, 0.1, -0.2).verdict == RAISE


def test_tried_prices_are_those_of_items_whose_price_moved() -> None:
    prices = np.full((2, 20), 10.0)
    prices[0, :5] = 8.0
    assert ItemWeeks(prices, prices, np.zeros((2, 20))).tried() == (pytest.approx(-0.2), 0.0)
    assert ItemWeeks(prices[1:], prices[1:], np.zeros((1, 20))).tried() == (0.0, 0.0)
    assert ItemWeeks(prices[:0], prices[:0], np.zeros((0, 20))).tried() == (0.0, 0.0)
