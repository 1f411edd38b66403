"""Expected requests: nothing logged, shoppers who differ more than by chance, shoppers who do not, and the truth."""

from __future__ import annotations

import numpy as np
import pytest

from tests.model.exposure.requests_in_memory import expected_visits


def test_without_a_log_the_chance_is_returned() -> None:
    chance = np.array([0.2, 0.9])
    assert expected_visits(chance, np.zeros(2), np.full(2, 3.0)) == pytest.approx(chance)


def test_shoppers_who_differ_no_more_than_by_chance_get_the_mean_of_similar_ones() -> None:
    # Means 1.5 of .1 and 3.5 of .9 in 2 days; deviations of .5 are less than Poisson's.
    expected = expected_visits(np.array([0.1, 0.1, 0.9, 0.9]), np.array([1.0, 2.0, 3.0, 4.0]), np.full(4, 2.0))
    assert expected == pytest.approx([0.75, 0.75, 1.75, 1.75])


def test_shoppers_who_differ_are_shrunk_by_moments() -> None:
    # Mean 5 of all; excess (25 - 5) + (25 - 5) = 40, shape 50 / 40: 5 * (1.25 + n) / 6.25 in one day.
    expected = expected_visits(np.array([0.5, 0.5]), np.array([0.0, 10.0]), np.ones(2))
    assert expected == pytest.approx([1.0, 9.0])


def test_rates_never_fall_and_are_never_zero() -> None:
    expected = expected_visits(np.array([0.1, 0.2, 0.3]), np.array([0.0, 2.0, 1.0]), np.ones(3))
    assert expected == pytest.approx([1 / 6, 1.5, 1.5])


def test_the_posterior_is_closer_to_the_truth_than_the_chance_and_the_count() -> None:
    random = np.random.default_rng(5)
    activity = random.gamma(1.0, 1.0, 4_000)
    truth = 1.5 * activity * random.gamma(4.0, 0.25, 4_000)
    chance, requests = 1 - np.exp(-activity), random.poisson(3 * truth).astype(float)
    expected = expected_visits(chance, requests, np.full(4_000, 3.0))
    errors = [float(np.mean((estimate - truth) ** 2)) for estimate in (expected, requests / 3, chance)]
    assert errors[0] < 0.8 * errors[1] < errors[2]
    assert expected.sum() == pytest.approx(truth.sum(), rel=0.03)


def test_the_best_predictor_of_requests_is_used() -> None:
    random = np.random.default_rng(6)
    truth = random.gamma(1.0, 2.0, 3_000)
    # A chance that saturates for daily visitors, a count that does not, and noise.
    chance, noise = np.minimum(random.poisson(truth * 4) / 8, 1.0), random.random(3_000)
    bought, requests = random.poisson(truth * 30).astype(float), random.poisson(truth * 2).astype(float)
    days = np.full(3_000, 2.0)
    with_all = expected_visits(chance, requests, days, [noise, bought])
    assert with_all == pytest.approx(expected_visits(bought, requests, days))
    by_chance = expected_visits(chance, requests, days)
    assert np.mean((with_all - truth) ** 2) < 0.5 * np.mean((by_chance - truth) ** 2)
    assert expected_visits(chance, requests, days, [noise]) == pytest.approx(by_chance)
