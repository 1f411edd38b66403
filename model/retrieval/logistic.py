"""Logistic regression to its optimum: the same coefficients whatever the number of threads."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

_ROWS_AT_ONCE = 16_384  # in double precision
_MOST_STEPS = 100
_CONVERGED = 1e-20  # of the squared Newton decrement, in units of the loss
_DAMPING = 1e-8  # keeps the Hessian, which is summed in single precision, positive definite
_NOISE = 1e-13  # of the loss, relative


def fitted_logistic(design: np.ndarray, label: np.ndarray, l2: float, falling: np.ndarray | None = None) -> np.ndarray:
    """float64 (k + 1): coefficients and intercept with the least mean log-loss plus l2 / 2 times the squared
    coefficients, by Newton's method (Boyd and Vandenberghe 2004, 9.5).

    Sums of many rows depend on the number of threads in their last digits. Steps that end before the optimum turn that
    into differences of percents along directions in which the loss is flat; at the optimum it stays where it is. So
    gradients are summed in double precision; the Hessian only has to point the way.

    design: float32 (rows, k); label: float64 (rows), 0 or 1, not all equal
    falling: bool (k), coefficients that may not be above 0. Those that come out above it are set to 0 and the others
        fitted again, until none does; one that was set to 0 stays there
    """
    if falling is not None:
        free = np.ones(design.shape[1], dtype=bool)
        while True:
            theta = np.zeros(design.shape[1] + 1)
            theta[np.append(free, True)] = fitted_logistic(design if free.all() else design[:, free], label, l2)
            above = falling & (theta[:-1] > 0)
            if not above.any():
                return theta
            free &= ~above
    theta = np.zeros(design.shape[1] + 1)
    theta[-1] = np.log(label.mean() / (1.0 - label.mean()))
    value, gradient = _loss(design, label, l2, theta)
    for _ in range(_MOST_STEPS):
        step = np.linalg.solve(_hessian(design, l2, theta), gradient)
        decrement = float(gradient @ step)
        if decrement <= _CONVERGED:
            break
        length = 1.0
        while (ahead := _loss(design, label, l2, theta - length * step))[0] > value * (1.0 + _NOISE):
            length /= 2.0
        theta, (value, gradient) = theta - length * step, ahead
    return theta


def information(design: np.ndarray, theta: np.ndarray, l2: float) -> np.ndarray:
    """float64 (k + 1, k + 1): the information of all rows and of the penalty about the coefficients and the intercept.

    Its inverse is their covariance where rows are independent.
    """
    curvature = np.append(np.full(design.shape[1], l2), 0.0)
    total = np.zeros((len(theta), len(theta)))
    for start in range(0, len(design), _ROWS_AT_ONCE):
        rows = np.column_stack(
            [design[start : start + _ROWS_AT_ONCE], np.ones(len(design[start : start + _ROWS_AT_ONCE]))]
        )
        chance = expit(rows @ theta)
        total += (rows * (chance * (1.0 - chance))[:, None]).T @ rows
    return total + len(design) * np.diag(curvature)


def _loss(design: np.ndarray, label: np.ndarray, l2: float, theta: np.ndarray) -> tuple[float, np.ndarray]:
    """Value and gradient."""
    value, gradient = 0.0, np.zeros(len(theta))
    for start in range(0, len(label), _ROWS_AT_ONCE):
        rows, y = design[start : start + _ROWS_AT_ONCE].astype(np.float64), label[start : start + _ROWS_AT_ONCE]
        logit = rows @ theta[:-1] + theta[-1]
        value += float((np.logaddexp(0.0, logit) - y * logit).sum())
        rest = expit(logit) - y
        gradient[:-1] += rest @ rows
        gradient[-1] += rest.sum()
    decay = np.append(l2 * theta[:-1], 0.0)
    return value / len(label) + 0.5 * float(decay @ theta), gradient / len(label) + decay


def _hessian(design: np.ndarray, l2: float, theta: np.ndarray) -> np.ndarray:
    """float64 (k + 1, k + 1)."""
    total = np.zeros((len(theta), len(theta)))
    weights, intercept = theta[:-1].astype(np.float32), np.float32(theta[-1])
    for start in range(0, len(design), _ROWS_AT_ONCE):
        rows = design[start : start + _ROWS_AT_ONCE]
        chance = expit(rows @ weights + intercept)
        root = np.sqrt(chance * (1.0 - chance))
        scaled = np.column_stack([rows * root[:, None], root])
        total += scaled.T @ scaled
    curvature = np.append(np.full(len(weights), l2), 0.0) + _DAMPING
    return total / len(design) + np.diag(curvature)
