from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit

from model.calibration import CalibrationReport, Calibrator, Levels


def test_it_finds_the_level_and_slope_that_made_the_responses() -> None:
    random = np.random.default_rng(3)
    logits = random.normal(-4, 1.5, size=(3000, 60)).astype(np.float32)
    logits[::7, 50:] = -np.inf
    first_stage = random.normal(-5, 1, size=logits.shape)
    activity = random.normal(3, 1, size=len(logits))
    levels = Levels.of(activity, first_stage, logits)
    share = logits - levels.fusion[:, None]
    chance = expit(1.0 + 0.7 * share + 0.5 * (activity - 3)[:, None])
    responded = random.random(logits.shape) < chance
    fitted = Calibrator.fit(logits, levels, responded & np.isfinite(logits))
    assert fitted.slope == pytest.approx(0.7, abs=0.03)
    assert fitted.level[0] == pytest.approx(0.5, abs=0.03)
    probability = fitted.probability(logits, levels)
    listed = np.isfinite(logits)
    assert (probability[~listed] == 0).all()
    report = CalibrationReport.of(probability[listed], responded[listed])
    assert report.slope == pytest.approx(1.0, abs=0.03)
    assert report.intercept == pytest.approx(0.0, abs=0.1)
    assert report.ece < 0.005


def test_the_order_within_a_shopper_stays_even_when_responses_run_against_it() -> None:
    logits = np.tile(np.linspace(-3, 3, 20, dtype=np.float32), (50, 1))
    levels = Levels.of(np.zeros(50), logits, logits)
    responded = np.zeros(logits.shape, dtype=bool)
    responded[:, 0] = True
    probability = Calibrator.fit(logits, levels, responded).probability(logits, levels)
    assert (np.diff(probability, axis=1) > 0).all()


def test_slope_and_intercept_of_a_distorted_probability() -> None:
    random = np.random.default_rng(4)
    true = expit(random.normal(-2, 1, size=200_000))
    responded = random.random(len(true)) < true
    report = CalibrationReport.of(expit(2.0 * logit(true) + 1.0), responded)
    # log-odds of the truth = (given - 1) / 2
    assert report.slope == pytest.approx(0.5, abs=0.02)
    assert report.intercept == pytest.approx(-0.5, abs=0.03)


def test_gain_and_error_by_hand() -> None:
    # Half of the pairs at 0.5 respond: no gain over the base rate, no error.
    even = CalibrationReport.of(np.full(40, 0.5), np.arange(40) % 2 == 0)
    assert even.gain == pytest.approx(0.0)
    assert even.ece == pytest.approx(0.0)
    # Twenty pairs at 0.9 of which half respond, twenty at 0.1 of which none do: (0.4 + 0.1) / 2.
    given = np.repeat([0.9, 0.1], 20)
    assert CalibrationReport.of(given, np.arange(40) % 2 * (given > 0.5) == 1).ece == pytest.approx(0.25)


@pytest.mark.parametrize("value", [True, False])
def test_without_both_outcomes_it_says_so(value: bool) -> None:
    logits = np.zeros((2, 3), dtype=np.float32)
    with pytest.raises(ValueError, match="fits no calibrator"):
        Calibrator.fit(logits, Levels.of(np.zeros(2), logits, logits), np.full((2, 3), value))
    with pytest.raises(ValueError, match="measures no calibration"):
        CalibrationReport.of(np.full(3, 0.1), np.full(3, value))


def test_saved_and_loaded_and_damaged(tmp_path: Path) -> None:
    calibrator = Calibrator(-1.0, 0.8, (0.1, 0.2, 0.3), (1.0, 2.0, 3.0))
    calibrator.save(tmp_path)
    assert Calibrator.load(tmp_path) == calibrator
    path = tmp_path / "calibrator.json"
    path.write_text(path.read_text().replace("0.8", "-0.8"))
    with pytest.raises(ValueError, match=r"calibrator\.json is damaged"):
        Calibrator.load(tmp_path)
