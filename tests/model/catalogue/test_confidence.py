"""How often the most likely category is right."""

from __future__ import annotations

import numpy as np

from model.catalogue.confidence import Confidence


def test_a_curve_that_no_temperature_has_is_found() -> None:
    """Log-odds 2 ln(c) - 0.5 ln(1 - c) - 1: for .99 -.020 + 2.303 - 1 = 1.283, for .5 -1.386 + .347 - 1 = -2.040."""
    random = np.random.default_rng(0)
    chance = random.uniform(0.05, 0.995, 100_000)
    true = Confidence(2.0, 0.5, -1.0)
    learnt = Confidence.fit(chance, random.random(len(chance)) < true(chance))
    np.testing.assert_allclose(learnt(np.array([0.3, 0.5, 0.99])), true(np.array([0.3, 0.5, 0.99])), atol=0.01)
    np.testing.assert_allclose(true(np.array([0.99, 0.5])), [0.783, 0.115], atol=0.001)


def test_the_order_of_chances_stays_even_where_the_data_say_otherwise() -> None:
    chance = np.linspace(0.1, 0.9, 50)
    assert (np.diff(Confidence.fit(chance, chance < 0.5)(chance)) >= 0).all()


def test_without_data_or_with_certain_ones_chances_are_finite() -> None:
    np.testing.assert_allclose(Confidence.fit(np.zeros(0), np.zeros(0, dtype=bool))(np.array([0.3])), 0.3)
    assert 0.9 < Confidence.fit(np.ones(5), np.ones(5, dtype=bool))(np.array([1.0]))[0] <= 1.0
