"""Elasticities of made-up categories whose truth is known, and what has no estimate."""

from __future__ import annotations

import numpy as np
import pytest

from model.pricing.elasticity import FEW_ITEMS, HARDLY_MOVED, LEAST_WEEKS, OwnElasticity, own_elasticity
from model.pricing.item_weeks import ItemWeeks, item_weeks
from model.pricing.pooling import pooled
from tests.benchmark.price_elasticity import of_store

SHAPE = (12, 52)


def category(elasticity: float, moved: float = 0.1, seed: int = 1) -> ItemWeeks:
    """Items with a season in which the store cuts prices; moved: deviation of log(price) in addition."""
    random = np.random.default_rng(seed)
    season = np.sin(np.arange(SHAPE[1]) / 8)
    log_price = random.normal(0, 1, SHAPE) * moved - 0.1 * season
    sales = np.exp(random.uniform(1, 4, (SHAPE[0], 1)) + season + elasticity * log_price)
    return ItemWeeks(random.poisson(sales).astype(np.float64), 5 * np.exp(log_price), np.zeros(SHAPE))


def test_season_does_not_count_as_a_response_to_prices() -> None:
    own = own_elasticity(category(-2.0))
    assert own.why_not == ""
    assert own.value == pytest.approx(-2.0, abs=3 * own.error)
    assert own.error < 0.1
    assert own.spread == pytest.approx(0.1, rel=0.2)
    assert np.isnan(own.promotion)


def test_a_display_is_not_taken_for_the_price_of_its_promotion() -> None:
    weeks = category(-1.0)
    random = np.random.default_rng(2)
    promoted = (random.random(SHAPE) < 0.2).astype(np.float64)
    units = random.poisson(20 * (weeks.price / 5 * (1 - 0.2 * promoted)) ** -1.0 * (1 + promoted)).astype(np.float64)
    own = own_elasticity(ItemWeeks(units, weeks.price * (1 - 0.2 * promoted), promoted))
    assert own.value == pytest.approx(-1.0, abs=3 * own.error)
    assert np.exp(own.promotion) == pytest.approx(2.0, rel=0.1)


def test_an_unlike_item_widens_the_error() -> None:
    alike, unlike = category(-2.0), category(-2.0)
    unlike.units[0] = np.random.default_rng(3).poisson(30 * (unlike.price[0] / 5) ** -5.0)
    assert own_elasticity(unlike).error > 1.5 * own_elasticity(alike).error


@pytest.mark.parametrize(
    ("weeks", "why_not"),
    [
        (category(-2.0, moved=0.0), HARDLY_MOVED),  # all items follow one season
        (ItemWeeks(np.ones(SHAPE), np.full(SHAPE, 5.0), np.zeros(SHAPE)), HARDLY_MOVED),
        (ItemWeeks(np.zeros(SHAPE), np.full(SHAPE, 5.0), np.zeros(SHAPE)), FEW_ITEMS),
        (ItemWeeks(np.ones(SHAPE), np.full(SHAPE, np.nan), np.zeros(SHAPE)), FEW_ITEMS),
        (ItemWeeks(np.ones((2, 52)), np.ones((2, 52)), np.zeros((2, 52))), FEW_ITEMS),
        (ItemWeeks(np.ones((9, LEAST_WEEKS - 1)), np.ones((9, 7)), np.zeros((9, 7))), FEW_ITEMS),
    ],
    ids=["only_season", "one_price", "no_sales", "no_prices", "two_items", "seven_weeks"],
)  # fmt: skip
def test_what_cannot_be_told(weeks: ItemWeeks, why_not: str) -> None:
    own = own_elasticity(weeks)
    assert own.why_not == why_not
    assert np.isnan(own.value)


def test_promotions_that_explain_every_change_of_a_price_leave_nothing_to_tell() -> None:
    promoted = (np.random.default_rng(4).random(SHAPE) < 0.3).astype(np.float64)
    units = np.random.default_rng(5).poisson(20 * (1 + promoted)).astype(np.float64)
    assert own_elasticity(ItemWeeks(units, 5 - promoted, promoted)).why_not == HARDLY_MOVED


def test_prices_of_weeks() -> None:
    def of(units: list[float], spend: list[float], listed_price: list[float], listed: list[bool] | None = None) -> list:
        rows = [np.array([row], dtype=np.float64) for row in (units, spend, [0.0] * len(units))]
        is_listed = np.array([listed or [True] * len(units)])
        return item_weeks(*rows, is_listed, np.array([listed_price])).price[0].tolist()

    none = [np.nan] * 10
    sold, paid = [2.0] * 9, [10.0] * 9
    # Unsold weeks: the listed price times 5 / 4, the usual ratio; the last price paid; the first one.
    assert of([*sold, 0], [*paid, 0], [*[4.0] * 9, 8.0]) == [*[5.0] * 9, 10.0]
    assert of([*sold, 0], [*paid[:8], 12, 0], none) == [*[5.0] * 8, 6.0, 6.0]
    assert of([0, *sold], [0, *paid], none) == [5.0] * 10
    # Left out: weeks without the item, given away, of another currency; an item with two unsold weeks of ten.
    for units, spend, listed in (
        ([*sold, 2], [*paid, 10], [*[True] * 9, False]),
        ([*sold, 2], [*paid, 0], None),
        ([*sold, 2], [*paid, 1000], None),
    ):
        assert np.array_equal(of(units, spend, none, listed), [*[5.0] * 9, np.nan], equal_nan=True)
    assert np.isnan(of([*sold[:8], 0, 0], [*paid[:8], 0, 0], none)).all()
    assert np.isnan(of([0] * 10, [0] * 10, none)).all()


def test_estimates_are_drawn_to_their_mean_by_their_errors() -> None:
    estimates, errors = np.array([-1.0, -1.5, -2.0, -2.5, 3.0]), np.array([0.1, 0.1, 0.1, 0.1, 3.0])
    low, middle, high = pooled(estimates, errors, np.full(5, 100.0)).quantiles(np.array([0.05, 0.5, 0.95]))
    assert middle[:4] == pytest.approx(estimates[:4], abs=0.03)
    assert -1.75 < middle[4] < -1.0  # far from 3, near the mean of the others
    assert high[4] - low[4] < 0.6 * 2 * 1.645 * 3.0  # as categories differ, not as its own error says
    alone = pooled(estimates[4:], errors[4:], np.full(1, 3.0)).quantiles(np.array([0.05, 0.95]))
    # Student's interval of 3 degrees of freedom, 2.353 errors.
    assert alone[:, 0] == pytest.approx([3 - 2.353 * 3, 3 + 2.353 * 3], abs=0.01)


def test_intervals_hold_the_truth_of_the_store_with_season_and_promotions() -> None:
    rows = np.concatenate([of_store(seed, listed=True) for seed in range(4)])
    truth, low, middle, high, *_, naive, gain, suggested = rows.T
    assert 40 <= ((low <= truth) & (truth <= high)).sum() <= 48
    assert abs((middle - truth).mean()) < 0.1
    assert (naive - truth).mean() < -0.5
    assert (gain[suggested == 1] > 0).mean() > 0.9


def test_an_estimate_names_its_evidence() -> None:
    own = own_elasticity(category(-2.0))
    assert isinstance(own, OwnElasticity)
    assert (own.items, own.item_weeks, own.moved) == (12, 12 * 52, 12)
    assert 3 < own.freedom <= 11
