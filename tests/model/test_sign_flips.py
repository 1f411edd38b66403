import numpy as np
import pytest

from model.sign_flips import sign_flip_p


def _p(*differences: float) -> float:
    return sign_flip_p(np.array(differences), 999, np.random.default_rng(1))


def test_by_hand() -> None:
    # Sums of signs of 1 and 2: -3, -1, 1, 3. As low as -1 are two of four.
    assert _p(1.0, -2.0) == pytest.approx(2 / 4)
    assert _p(-1.0, -2.0) == pytest.approx(1 / 4)
    assert _p(1.0, 2.0) == 1.0
    assert _p(0.0, -1.0) == pytest.approx(1 / 2)
    assert _p(0.0, 0.0) == 1.0


def test_equal_sums_count_though_they_differ_by_rounding() -> None:
    # -.1 -.2 + .3 is -5.6e-17 in floating point: 5 of the 8 sums are at most 0.
    assert _p(-0.1, -0.2, 0.3) == pytest.approx(5 / 8)


def test_drawn_signs_agree_with_all_of_them() -> None:
    # Of 20 equal differences 5 are positive: binomial, P(at most 5 of 20) = .0207.
    drawn = sign_flip_p(np.repeat([1.0, -1.0], [5, 15]), 100_000, np.random.default_rng(1))
    assert drawn == pytest.approx(0.0207, abs=0.0015)


def test_p_values_of_symmetric_differences_are_at_most_uniform() -> None:
    random = np.random.default_rng(4)
    p = np.array([sign_flip_p(random.normal(size=25), 199, random) for _ in range(4000)])
    for level in (0.01, 0.05, 0.2):
        assert (p <= level).mean() <= level + 3 * (level * (1 - level) / 4000) ** 0.5
