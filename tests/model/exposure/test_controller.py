"""The controller: exact steps, and simulated nights of storefronts that deliver less, late and noisily."""

from __future__ import annotations

import numpy as np
import pytest

from model.exposure.controller import Feedback, next_correction, relative_error

SETTINGS = Feedback(gain=0.25, most=0.5, noise=0.0)


def one(value: float) -> np.ndarray:
    return np.array([value])


@pytest.mark.parametrize(
    ("asked", "delivered", "total", "noise", "error"),
    [
        (0.1, 80.0, 1000.0, 0.0, 0.2),  # 8 % instead of 10 %
        (0.1, 120.0, 1000.0, 0.0, -0.2),
        (0.2, 160.0, 1000.0, 2.0, 0.2 - 2 * np.sqrt(0.8 / 200)),
        (0.2, 190.0, 1000.0, 2.0, 0.0),  # .05 within two standard errors of .063
        (0.1, 0.0, 0.0, 2.0, 0.0),  # nothing was logged
        (0.0, 5.0, 1000.0, 2.0, 0.0),  # nothing was asked
    ],
)
def test_errors_beyond_noise(asked: float, delivered: float, total: float, noise: float, error: float) -> None:
    assert relative_error(one(asked), one(delivered), total, noise) == pytest.approx(error)


@pytest.mark.parametrize(
    ("before", "error", "is_cap", "unmet", "after"),
    [
        (0.1, 0.2, False, False, 0.15),  # .1 + .25 * .2
        (0.45, 0.8, False, False, 0.5),  # never above the greatest
        (0.1, -0.8, False, False, 0.0),  # over-delivered: back to what was asked, not below
        (0.1, 0.8, False, True, 0.1),  # the plan could not follow: no windup
        (0.1, -0.2, False, True, 0.05),  # but it may fall
        (0.0, 0.8, True, False, 0.0),  # a cap that holds
        (0.0, -0.4, True, False, -0.1),
        (-0.45, -0.8, True, False, -0.5),
    ],
)
def test_steps(before: float, error: float, is_cap: bool, unmet: bool, after: float) -> None:
    correction = next_correction(one(before), one(error), np.array([is_cap]), np.array([unmet]), SETTINGS)
    assert correction == pytest.approx(after)


def run(
    delivery: list[float], *, delay: int, settings: Feedback, asked: float = 0.1, total: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Corrections and delivered shares of a floor by night; `delivery` is the part of the plan that is delivered.

    total: exposures logged a night, drawn with noise; 0 for exact shares. The controller sees a night `delay` later.
    """
    rng = np.random.default_rng(seed)
    correction, corrections, shares = 0.0, [], []
    for night, part in enumerate(delivery):
        planned = asked * (1.0 + correction) * part
        logged = rng.poisson(planned * total) if total else planned * 1e12
        shares.append(logged / (total or 1e12))
        corrections.append(correction)
        if night >= delay:
            error = relative_error(
                one(asked), one(shares[night - delay] * (total or 1e12)), total or 1e12, settings.noise
            )
            new = next_correction(one(correction), error, np.array([False]), np.array([False]), settings)
            correction = float(new[0])
    return np.array(corrections), np.array(shares)


@pytest.mark.parametrize(("delay", "gain"), [(0, 0.25), (1, 0.25), (2, 0.148), (3, 0.105)])
def test_a_floor_is_reached_without_overshoot(delay: int, gain: float) -> None:
    corrections, shares = run([0.8] * 80, delay=delay, settings=Feedback(gain, 0.5, 0.0))
    assert (np.diff(corrections) >= -1e-12).all()  # never turns
    assert shares.max() <= 0.1 * (1 + 1e-9)
    assert shares[-1] == pytest.approx(0.1, rel=1e-3)
    assert corrections[-1] == pytest.approx(0.25, rel=1e-2)  # .8 * 1.25 = 1


def test_recovery_takes_as_long_after_many_infeasible_nights_as_after_few() -> None:
    few, _ = run([0.2] * 10 + [1.0] * 20, delay=1, settings=SETTINGS)
    many, shares = run([0.2] * 200 + [1.0] * 20, delay=1, settings=SETTINGS)
    assert many.max() == 0.5
    np.testing.assert_allclose(many[200:], few[10:])  # no error is accumulated beyond the bound
    assert shares[-1] == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_not_followed(seed: int) -> None:
    settings = Feedback(0.25, 0.5, 2.0)
    total = 20_000.0  # 2,000 exposures of the floor: a standard error of 2.1 %
    corrections, shares = run([0.8] * 100, delay=1, settings=settings, total=total, seed=seed)
    late = corrections[30:]
    assert late.std() < 0.01
    # The deadband leaves at most two standard errors, .1 * .042, in addition to the noise of the mean.
    assert shares[30:].mean() == pytest.approx(0.1, rel=0.055)
    still, _ = run([1.0] * 100, delay=1, settings=settings, total=total, seed=seed)
    assert still.max() < 0.02  # a floor that is delivered stays as asked
