"""The coefficients are those of the optimum, to the last digits that are kept, with any number of threads."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from model.retrieval.logistic import fitted_logistic


def problem(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns that are nearly equal, as channels are: the loss is flat along their differences."""
    generator = np.random.default_rng(1)
    common = generator.normal(size=(rows, 4))
    design = np.repeat(common, 10, axis=1) + 0.1 * generator.normal(size=(rows, 40))
    label = generator.random(rows) < 1 / (1 + np.exp(3.0 - common @ [1.5, -0.5, 0.0, 0.3]))
    return design.astype(np.float32), label.astype(np.float64)


def test_one_and_two_threads_give_equal_coefficients() -> None:
    design, label = problem(60_000)
    with threadpool_limits(1):
        by_one = fitted_logistic(design, label, 1e-4)
    with threadpool_limits(2):
        by_two = fitted_logistic(design, label, 1e-4)
    np.testing.assert_allclose(by_one, by_two, rtol=0, atol=1e-11)


@pytest.mark.parametrize("l2", [1e-2, 1e-4, 1e-8])
def test_the_gradient_is_zero_at_the_coefficients(l2: float) -> None:
    design, label = problem(5_000)
    theta = fitted_logistic(design, label, l2)
    rows = np.column_stack([design.astype(np.float64), np.ones(len(label))])
    rest = 1 / (1 + np.exp(-rows @ theta)) - label
    gradient = rows.T @ rest / len(label) + np.append(l2 * theta[:-1], 0.0)
    assert np.abs(gradient).max() < 1e-9
    assert abs(theta[:10].sum() - 1.5) < 0.3


def test_labels_that_a_column_separates_get_finite_coefficients() -> None:
    column = np.linspace(-1, 1, 1_000, dtype=np.float32)
    theta = fitted_logistic(column[:, None], (column > 0).astype(np.float64), 1e-4)
    assert np.isfinite(theta).all()
    assert theta[0] > 10


def test_coefficients_that_may_only_fall_are_not_above_zero() -> None:
    generator = np.random.default_rng(4)
    design = generator.normal(size=(4_000, 3)).astype(np.float32)
    label = (generator.random(4_000) < 1 / (1 + np.exp(1.0 - design @ [1.0, 0.5, -0.5]))).astype(np.float64)
    free = fitted_logistic(design, label, 1e-6)
    bound = fitted_logistic(design, label, 1e-6, np.array([False, True, True]))
    assert free[1] > 0.3
    assert bound[1] == 0.0
    # The others are those of a fit without it.
    np.testing.assert_allclose(bound[[0, 2, 3]], fitted_logistic(design[:, [0, 2]], label, 1e-6), atol=1e-9)
    allowed = fitted_logistic(design, label, 1e-6, np.array([False, False, True]))
    np.testing.assert_allclose(allowed, free, atol=1e-12)
