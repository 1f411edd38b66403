"""Expected requests: nothing logged, shoppers who differ more than by chance, shoppers who do not, and the truth."""

from __future__ import annotations

import numpy as np
import pytest

from model.exposure.visits import expected_visits


def test_without_a_log_the_chance_stands() -> None:
    chance = np.array([0.2, 0.9])
    assert expected_visits(chance, np.zeros(2), np.full(2, 3.0)) == pytest.approx(chance)


def test_shoppers_who_differ_no_more_than_by_chance_have_the_mean_of_their_like() -> None:
    # Means 1.5 of .1 and 3.5 of .9 in 2 days; deviations of .5 are less than Poisson's.
    found = expected_visits(np.array([0.1, 0.1, 0.9, 0.9]), np.array([1.0, 2.0, 3.0, 4.0]), np.full(4, 2.0))
    assert found == pytest.approx([0.75, 0.75, 1.75, 1.75])


def test_shoppers_who_differ_are_believed_as_far_as_moments_tell() -> None:
    # Mean 5 of all; excess (25 - 5) + (25 - 5) = 40, shape 50 / 40: 5 * (1.25 + n) / 6.25 in one day.
    found = expected_visits(np.array([0.5, 0.5]), np.array([0.0, 10.0]), np.ones(2))
    assert found == pytest.approx([1.0, 9.0])


def test_a_falling_rate_is_not_followed_and_nobody_is_taken_never_to_come() -> None:
    found = expected_visits(np.array([0.1, 0.2, 0.3]), np.array([0.0, 2.0, 1.0]), np.ones(3))
    assert found == pytest.approx([1 / 6, 1.5, 1.5])


def test_it_comes_nearer_to_the_truth_than_the_chance_and_the_bare_count() -> None:
    random = np.random.default_rng(5)
    activity = random.gamma(1.0, 1.0, 4_000)
    truth = 1.5 * activity * random.gamma(4.0, 0.25, 4_000)
    chance, requests = 1 - np.exp(-activity), random.poisson(3 * truth).astype(float)
    found = expected_visits(chance, requests, np.full(4_000, 3.0))
    errors = [float(np.mean((one - truth) ** 2)) for one in (found, requests / 3, chance)]
    assert errors[0] < 0.8 * errors[1] < errors[2]
    assert found.sum() == pytest.approx(truth.sum(), rel=0.03)


def test_the_measure_counts_that_tells_requests_of_others_best() -> None:
    random = np.random.default_rng(6)
    truth = random.gamma(1.0, 2.0, 3_000)
    # A chance that everybody has who comes daily, a count that goes on, and one that says nothing.
    chance, noise = np.minimum(random.poisson(truth * 4) / 8, 1.0), random.random(3_000)
    bought, requests = random.poisson(truth * 30).astype(float), random.poisson(truth * 2).astype(float)
    days = np.full(3_000, 2.0)
    with_all = expected_visits(chance, requests, days, [noise, bought])
    assert with_all == pytest.approx(expected_visits(bought, requests, days))
    by_chance = expected_visits(chance, requests, days)
    assert np.mean((with_all - truth) ** 2) < 0.5 * np.mean((by_chance - truth) ** 2)
    assert expected_visits(chance, requests, days, [noise]) == pytest.approx(by_chance)
