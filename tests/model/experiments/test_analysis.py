"""Effects by hand, CUPED, intervals valid at every look, guardrails, segments."""

from __future__ import annotations

import numpy as np
import pytest

from model.experiments.analysis import by_segment, effect, guarded
from model.experiments.moments import total, unpacked
from model.experiments.sequential import always_valid_interval, always_valid_p, holm
from tests.model.experiments.row_wise import arms_from, effect_of, row_wise_effect

NOTHING = np.zeros((4, 1))
TREATED = np.array([False, False, True, True])


def test_means_and_variances_by_hand() -> None:
    outcome = np.array([[1.0, 1.0], [3.0, 1.0], [4.0, 2.0], [6.0, 4.0]])
    measured = effect_of(outcome, NOTHING, TREATED, spread=1.0, alpha=0.05)
    # a day so far: control 1 3 then 1 2, arm 4 6 then 3 5
    assert measured.control.tolist() == [2.0, 1.5]
    assert measured.treated.tolist() == [5.0, 4.0]
    assert measured.difference == pytest.approx([3.0, 2.5])
    # variances 2 / 2 + 2 / 2, then .5 / 2 + 2 / 2
    assert measured.variance == pytest.approx([2.0, 1.25])
    assert measured.relative(measured.difference) == pytest.approx([1.5, 2.5 / 1.5])
    assert measured.variance_kept == pytest.approx(1.0)


def test_the_mixture_test_by_hand() -> None:
    # V = 1, spread = 1: sqrt(2) exp(-9 / 4) = .1491; then a smaller difference, and the p-value stays
    p = always_valid_p(np.array([3.0, 0.1]), np.array([1.0, 1.0]), 1.0)
    assert p == pytest.approx([2**0.5 * np.exp(-2.25)] * 2)
    assert always_valid_p(np.array([5.0]), np.array([0.0]), 1.0).tolist() == [1.0]
    low, high = always_valid_interval(np.array([0.0]), np.array([1.0]), 1.0, 0.05)
    assert high[0] == pytest.approx((2 * (2 * np.log(20) + np.log(2))) ** 0.5)
    # The bound of the interval is the difference that the test just rejects.
    assert always_valid_p(high, np.array([1.0]), 1.0) == pytest.approx([0.05])
    assert low[0] == -high[0]


def test_cuped_removes_variance_and_keeps_the_effect() -> None:
    random = np.random.default_rng(2)
    before = random.normal(10, 3, (4000, 1))
    treated = random.random(4000) < 0.5
    outcome = (2 * before[:, 0] + random.normal(0, 1, 4000) + treated)[:, None]
    measured = effect_of(outcome, before, treated, spread=1.0, alpha=0.05)
    # The variance falls from 36 + 1 to 1.
    assert measured.variance_kept == pytest.approx(1 / 37, rel=0.15)
    assert measured.difference[0] == pytest.approx(1.0, abs=0.1)
    constant = effect_of(outcome, np.ones((4000, 2)), treated, spread=1.0, alpha=0.05)
    assert constant.variance_kept == 1.0


def test_parts_of_the_shoppers_add_up_to_the_row_wise_effect() -> None:
    random = np.random.default_rng(7)
    users, days = 3_000, 12
    own = random.gamma(2.0, 0.05, users)
    outcome = random.poisson(own[:, None], (users, days)) * 1e6  # a currency with large numbers
    before = np.stack([own * 7 + random.normal(0, 0.1, users), own * 3e5, np.full(users, 0.1)], axis=1)
    treated = random.random(users) < 0.4
    control, arm = (
        total(
            unpacked(part.packed(), 3)
            for at in np.array_split(random.permutation(users), 40)
            for part in [arms_from(outcome[at], before[at], treated[at])[number]]
        )
        for number in (0, 1)
    )
    expected = row_wise_effect(outcome, before, treated, 1e3, 0.05)
    for measured in (effect(control, arm, 1e3, 0.05), effect_of(outcome, before, treated, 1e3, 0.05)):
        for name in ("control", "treated", "difference", "variance", "low", "high", "p", "variance_kept"):
            assert getattr(measured, name) == pytest.approx(getattr(expected, name), rel=1e-9)
        assert measured.shoppers == expected.shoppers


def test_reading_a_test_every_day_raises_few_false_alarms() -> None:
    random = np.random.default_rng(5)
    alarms, fixed, covered = 0, 0, 0
    for _ in range(200):
        own = random.gamma(3.0, 0.3, 300)  # shoppers differ persistently
        outcome = random.poisson(own[:, None], (300, 40)).astype(float)
        measured = effect_of(outcome, np.zeros((300, 1)), random.random(300) < 0.5, spread=0.1, alpha=0.05)
        alarms += measured.p[-1] < 0.05
        fixed += bool(np.any(np.abs(measured.difference) > 1.96 * np.sqrt(measured.variance)))
        covered += bool(np.all((measured.low <= 0) & (measured.high >= 0)))
    assert alarms / 200 <= 0.05
    assert fixed / 200 > 0.1  # a fixed-horizon test, read every day
    assert covered / 200 >= 0.95


def test_guardrails() -> None:
    random = np.random.default_rng(1)
    treated = np.arange(4000) % 2 == 0

    def of(lift: float, noise: float = 0.5) -> str:
        outcome = random.normal(10 * (1 + lift * treated), noise, 4000)[:, None]
        return guarded(effect_of(outcome, np.zeros((4000, 1)), treated, spread=0.2, alpha=0.05), margin=0.02)

    assert of(0.0) == "safe"
    assert of(-0.05) == "harmed"
    assert of(0.0, noise=20) == "open"


def test_segments_are_corrected_for_their_number() -> None:
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    random = np.random.default_rng(3)
    segment = np.array(["few", "many", "many"] * 1000)
    segment[0] = "one"
    treated = random.random(3000) < 0.5
    outcome = random.normal(5 + 1.0 * (treated & (segment == "few")), 1, 3000)[:, None]
    noise = random.choice(["a", "b"], 3000)
    nothing = np.zeros((3000, 1))
    parts = {
        (kind, name): arms_from(outcome[of == name], nothing[of == name], treated[of == name])
        for kind, of in (("activity", segment), ("noise", noise))
        for name in np.unique(of).tolist()
    }
    of_segment = by_segment(parts, spread=0.5, alpha=0.05)
    few, many = of_segment["activity", "few"], of_segment["activity", "many"]
    assert set(of_segment) == {("activity", "few"), ("activity", "many"), ("noise", "a"), ("noise", "b")}
    assert few[1] < 0.001
    assert many[1] > 0.05
    alone = effect_of(outcome[segment == "few"], np.zeros((999, 1)), treated[segment == "few"], 0.5, 0.05)
    assert few[0].high[0] > alone.high[0]
    # Kinds of segments are corrected together: four of them, not two and two.
    apart = by_segment({key: arms for key, arms in parts.items() if key[0] == "activity"}, spread=0.5, alpha=0.05)
    assert few[1] == pytest.approx(2 * apart["activity", "few"][1])


def test_an_arm_without_shoppers_is_an_error() -> None:
    with pytest.raises(ValueError, match="4 and 0 shoppers"):
        effect_of(np.ones((4, 1)), NOTHING, np.zeros(4, dtype=bool), 1.0, 0.05)
