"""Latent classes recover tastes from counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from model.simulation.latent_classes import fitted_classes


def test_two_tastes_are_recovered_from_counts() -> None:
    # Half of the shoppers buy types 0 and 1 (3 : 1), half types 2 and 3; type 4 is never bought.
    tastes = np.array([[0.75, 0.25, 0, 0, 0], [0, 0, 0.5, 0.5, 0]])
    random = np.random.default_rng(0)
    counts = np.array([random.multinomial(60, tastes[user % 2]) for user in range(80)])
    counts[-1] = 0
    fitted = fitted_classes(csr_array(counts), classes=2, rounds=60, seed=1, smoothing=0.05)
    first = int(np.argmax(fitted.membership[0]))
    assert fitted.membership[:-1:2, first].min() > 0.98
    assert fitted.membership[1:-1:2, first].max() < 0.02
    assert fitted.membership[-1] == pytest.approx([0.5, 0.5])  # a shopper without purchases has equal shares
    assert fitted.choice[first] == pytest.approx(tastes[0], abs=0.03)
    assert fitted.choice[:, 4].tolist() == [0.0, 0.0]
    assert fitted.choice.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_the_likelihood_never_falls_and_equal_seeds_give_equal_fits() -> None:
    random = np.random.default_rng(4)
    counts = csr_array(random.poisson(0.4, (60, 20)))
    fitted = fitted_classes(counts, classes=4, rounds=30, seed=2, smoothing=0.0)
    assert np.all(np.diff(fitted.log_likelihood) > -1e-12)
    again = fitted_classes(counts, classes=4, rounds=30, seed=2, smoothing=0.0)
    np.testing.assert_array_equal(fitted.choice, again.choice)


def test_nothing_bought_is_an_error() -> None:
    with pytest.raises(ValueError, match="no purchase"):
        fitted_classes(csr_array((3, 2)), classes=2, rounds=1, seed=0)
