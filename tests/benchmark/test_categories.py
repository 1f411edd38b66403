"""The arithmetic of the benchmark of categories."""

from __future__ import annotations

import numpy as np

from tests.benchmark.categories import calibration_error, few


def test_the_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    """Of 15 bins .65 and .66 share one, .9 has one: |1.31 - 1| + |.9 - 1| = .41, of three texts."""
    error = calibration_error(np.array([0.65, 0.66, 0.9]), np.array([True, False, True]))
    np.testing.assert_allclose(error, (0.31 + 0.1) / 3)


def test_the_few_examples_are_known_ones_and_at_most_so_many_of_each_class() -> None:
    aisles = np.array(["a"] * 6 + ["b"] * 2)
    known = np.array([True] * 5 + [False] + [True, False])
    rows = few(aisles, known, 3, seed=0)
    assert list(aisles[rows]) == ["a", "a", "a", "b"]
    assert known[rows].all()
    assert list(rows) != list(few(aisles, known, 3, seed=1)) or list(rows) != list(few(aisles, known, 3, seed=2))
