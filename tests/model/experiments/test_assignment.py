"""Arms: fixed forever, of the stated size, independent of one another."""

from __future__ import annotations

import numpy as np
import pytest

from model.experiments.assignment import arms_of
from model.experiments.sample_ratio import sample_ratio_p

HALVES = {"control": 0.5, "new": 0.5}
USERS = [str(number) for number in range(20_000)]


def test_arms_equal_known_values() -> None:
    # Known values: a change of the hash would move every shopper of every running test.
    assert arms_of([str(number) for number in range(100, 110)], HALVES, "autumn").tolist() == EXPECTED
    assert arms_of(["109", "102"], HALVES, "autumn").tolist() == [EXPECTED[9], EXPECTED[2]]


EXPECTED = ["new", "new", "control", "control", "new", "control", "new", "new", "control", "new"]


def test_shares_are_kept_and_salts_are_independent() -> None:
    arms = arms_of(USERS, {"a": 0.2, "b": 0.3, "c": 0.5}, "s")
    counts = np.array([(arms == name).sum() for name in "abc"])
    assert counts / len(USERS) == pytest.approx([0.2, 0.3, 0.5], abs=0.015)
    first, second = arms_of(USERS, HALVES, "one") == "new", arms_of(USERS, HALVES, "other") == "new"
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.0, abs=0.03)


def test_a_shopper_leaves_the_control_only_when_the_arm_grows() -> None:
    small, large = (arms_of(USERS, {"new": share, "control": 1 - share}, "s") == "new" for share in (0.1, 0.3))
    assert not np.any(small & ~large)


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 1.2, "b": -0.2}])
def test_shares_that_do_not_sum_to_one_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        arms_of(["1"], shares, "s")


def test_a_wrong_sample_ratio_raises_an_alarm_and_a_right_one_rarely_does() -> None:
    shares = np.array([0.5, 0.5])
    # 10,400 of 20,000 is 5.7 standard errors off; 10,050 is 0.7.
    assert sample_ratio_p(np.array([10_400, 9_600]), shares) < 0.001
    assert sample_ratio_p(np.array([10_050, 9_950]), shares) == 1.0
    random = np.random.default_rng(0)
    alarms = 0
    for _ in range(200):
        heads = np.cumsum(random.binomial(300, 0.5, 40))  # read on 40 days
        looks = [sample_ratio_p(np.array([h, 300 * (day + 1) - h]), shares) for day, h in enumerate(heads)]
        alarms += min(looks) < 0.05
    assert alarms / 200 <= 0.05
