from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit
from threadpoolctl import threadpool_limits

from model.calibration import CalibrationReport, Calibrator, Outcomes, levels, mean_level, reliability


def _responses(logits: np.ndarray, log_odds: np.ndarray, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random(logits.shape) < expit(log_odds)) & np.isfinite(logits)


def _outcomes(logits: np.ndarray, responded: np.ndarray) -> Outcomes:
    return Outcomes(logits, responded, np.isfinite(logits).astype(np.float32))


def _report(probability: np.ndarray, responded: np.ndarray) -> CalibrationReport:
    return CalibrationReport.of(probability, responded, np.ones(len(probability)))


def _logits(mean: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    logits = random.normal(mean, 1.5, size=(3000, 60)) + random.normal(0, 0.8, size=(3000, 1))
    logits[::7, 50:] = -np.inf
    return logits.astype(np.float32)


def test_fit_recovers_the_true_parameters_though_the_mean_level_moves() -> None:
    periods = []
    for seed, mean in ((3, -4.0), (5, -2.0)):  # all logits of the second date are 2 higher, and no more is bought
        logits = _logits(mean, seed)
        level = levels(logits)
        log_odds = 1.0 + 0.7 * (logits - level[:, None]) + 0.5 * (level - level.mean())[:, None]
        periods.append(_outcomes(logits, _responses(logits, log_odds, seed)))
    fitted = Calibrator.fit(periods)
    assert fitted.slope == pytest.approx(0.7, abs=0.03)
    assert fitted.level_weight == pytest.approx(0.5, abs=0.03)
    for period in periods:
        listed = np.isfinite(period.logits)
        probability = fitted.probability(period.logits)
        assert (probability[~listed] == 0).all()
        report = _report(probability[listed], period.responded[listed])
        assert report.slope == pytest.approx(1.0, abs=0.04)
        assert report.in_the_large == pytest.approx(0.0, abs=0.05)
        assert report.ece < 0.005


def test_parts_of_a_date_with_its_shift_equal_the_complete_date() -> None:
    logits = _logits(-4.0, 3)
    calibrator = Calibrator(-1.0, 0.8, 0.5)
    whole = calibrator.probability(logits)
    shift = calibrator.shift(mean_level(levels(logits)))
    parts = [expit(calibrator.log_odds(logits[rows]) + shift) for rows in (slice(0, 1000), slice(1000, None))]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-12)


def test_a_shopper_without_candidates_counts_for_nothing() -> None:
    logits = np.array([[0.0, 0.0], [-np.inf, -np.inf]], dtype=np.float32)
    assert levels(logits).tolist() == [pytest.approx(np.log(2.0)), -np.inf]
    assert mean_level(levels(logits)) == pytest.approx(np.log(2.0))
    assert Calibrator(0.0, 1.0, 3.0).probability(logits).tolist() == [[pytest.approx(1 / 3)] * 2, [0.0, 0.0]]
    assert mean_level(levels(logits[1:])) == 0.0


def test_the_order_within_a_shopper_stays_even_when_responses_run_against_it() -> None:
    logits = np.tile(np.linspace(-3, 3, 20, dtype=np.float32), (50, 1))
    responded = np.zeros(logits.shape, dtype=bool)
    responded[:, 0] = True
    probability = Calibrator.fit([_outcomes(logits, responded)]).probability(logits)
    assert (np.diff(probability, axis=1) > 0).all()


def test_slope_and_intercept_of_a_distorted_probability() -> None:
    random = np.random.default_rng(4)
    true = expit(random.normal(-2, 1, size=200_000))
    responded = random.random(len(true)) < true
    report = _report(expit(2.0 * logit(true) + 1.0), responded)
    # log-odds of the truth = (given - 1) / 2
    assert report.slope == pytest.approx(0.5, abs=0.02)
    assert report.intercept == pytest.approx(-0.5, abs=0.03)


def test_in_the_large_is_the_shift_that_makes_the_mean_right() -> None:
    # 30 % respond where log-odds of 0 are given.
    report = _report(np.full(40, 0.5), np.arange(40) % 10 < 3)
    assert report.in_the_large == pytest.approx(logit(0.3))


def test_gain_and_error_by_hand() -> None:
    # Half of the pairs at 0.5 respond: no gain over the base rate, no error.
    even = _report(np.full(40, 0.5), np.arange(40) % 2 == 0)
    assert even.gain == pytest.approx(0.0)
    assert even.ece == pytest.approx(0.0)
    # Twenty pairs at 0.9 of which half respond, twenty at 0.1 of which none do: (0.4 + 0.1) / 2.
    predicted = np.repeat([0.9, 0.1], 20)
    assert _report(predicted, np.arange(40) % 2 * (predicted > 0.5) == 1).ece == pytest.approx(0.25)


def test_reliability_by_hand() -> None:
    predicted, responded = np.array([0.3, 0.1, 0.2, 0.4, 0.9]), np.array([True, False, True, True, False])
    # What was never tried, the last, is left out; 0.2 counts three times: (0.1 + 3 * 0.2) / 4.
    curve = reliability(predicted, responded, np.array([1.0, 1.0, 3.0, 1.0, 0.0]), bins=2)
    assert curve.to_dict("list") == {
        "predicted": [pytest.approx(0.175), pytest.approx(0.35)], "observed": [0.75, 1.0], "weight": [4.0, 2.0],
    }  # fmt: skip


def test_weights_correct_the_preference_of_a_policy() -> None:
    """Half of the items are answered by 10 %, the others by 2 %; the first ones are shown nine times as often."""
    random = np.random.default_rng(6)
    logits = np.where(np.arange(60) < 30, 1.0, 0.0) * np.ones((4000, 1))
    logits = (logits + random.normal(0, 0.5, size=logits.shape)).astype(np.float32)
    truth = np.where(np.arange(60) < 30, 0.10, 0.02) * np.ones((4000, 1))
    propensity = np.where(np.arange(60) < 30, 0.9, 0.1) * np.ones((4000, 1))
    shown = random.random(logits.shape) < propensity
    responded = (random.random(logits.shape) < truth) & shown

    def mean_probability(weight: np.ndarray) -> float:
        return float(Calibrator.fit([Outcomes(logits, responded, weight)]).probability(logits).mean())

    assert truth.mean() == pytest.approx(0.06)
    assert mean_probability(np.where(shown, 1 / propensity, 0.0)) == pytest.approx(0.06, abs=0.002)
    assert abs(mean_probability(shown.astype(np.float64)) - 0.06) > 0.005


@pytest.mark.parametrize("value", [True, False])
def test_fit_without_both_outcomes_is_an_error(value: bool) -> None:
    logits = np.zeros((2, 3), dtype=np.float32)
    with pytest.raises(ValueError, match="No calibrator can be fitted"):
        Calibrator.fit([_outcomes(logits, np.full((2, 3), value))])
    with pytest.raises(ValueError, match="measures no calibration"):
        _report(np.full(3, 0.1), np.full(3, value))


def test_saved_and_loaded_and_damaged(tmp_path: Path) -> None:
    calibrator = Calibrator(-1.0, 0.8, 0.3)
    calibrator.save(tmp_path)
    assert Calibrator.load(tmp_path) == calibrator
    path = tmp_path / "calibrator.json"
    path.write_text(path.read_text().replace("0.8", "-0.8"))
    with pytest.raises(ValueError, match=r"calibrator\.json is damaged"):
        Calibrator.load(tmp_path)


def test_one_and_two_threads_give_equal_calibrators_and_reports() -> None:
    logits = _logits(-4.0, 3)
    outcomes = _outcomes(logits, _responses(logits, logits.astype(np.float64), 3))
    listed = np.isfinite(logits)
    fits = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            calibrator = Calibrator.fit([outcomes])
            fits.append((calibrator, _report(calibrator.probability(logits)[listed], outcomes.responded[listed])))
    assert fits[0] == fits[1]
