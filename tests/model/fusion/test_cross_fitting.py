from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from model.calibration import CalibrationReport
from model.fusion.cross_fitting import fit_second_stage
from model.fusion.ranker import FusionRanker
from model.fusion.training import Period
from model.fusion.trees import TreeRanker, TreeSettings, fit_trees
from tests.model.fusion.toy import INPUTS, SETTINGS, TREES, toy_period


def test_each_period_is_predicted_by_the_others_and_the_model_is_fitted_on_all_periods() -> None:
    periods = [toy_period(seed=seed) for seed in (1, 2, 3)]
    parts: list[str] = []
    ensemble, calibrator = fit_second_stage(
        periods, INPUTS, SETTINGS, TREES, lambda part, epoch, loss: parts.append(part)
    )
    assert parts == ["without period 1", "without period 2", "without period 3", "all periods"]  # one epoch each
    unseen = toy_period(seed=4)
    probability = calibrator.probability(ensemble.predict(unseen.block, ensemble.ranker.encode_items(unseen.items)))
    listed = unseen.block.listed
    assert probability[listed].mean() == pytest.approx(unseen.responded[listed].mean(), rel=0.25)
    again, same = fit_second_stage(periods, INPUTS, SETTINGS, TREES)
    assert same == calibrator
    np.testing.assert_array_equal(
        again.predict(unseen.block, again.ranker.encode_items(unseen.items)),
        ensemble.predict(unseen.block, ensemble.ranker.encode_items(unseen.items)),
    )


def test_one_period_has_no_other() -> None:
    with pytest.raises(ValueError, match=r"Set fusion\.periods to 2 or more"):
        fit_second_stage([toy_period()], INPUTS, SETTINGS, TREES)


def test_the_calibrator_reads_models_of_all_periods_but_one(monkeypatch: pytest.MonkeyPatch) -> None:
    periods = [toy_period(seed=seed) for seed in (1, 2, 3)]
    seen: list[list[int]] = []

    def trees(chosen: Sequence[Period], ranker: FusionRanker, settings: TreeSettings) -> TreeRanker:
        seen.append([next(n for n, period in enumerate(periods) if period is one) for one in chosen])
        return fit_trees(chosen, ranker, settings)

    monkeypatch.setattr("model.fusion.cross_fitting.fit_trees", trees)
    fit_second_stage(periods, INPUTS, SETTINGS, TREES)
    assert seen == [[1, 2], [0, 2], [0, 1], [0, 1, 2]]


def test_the_fewer_periods_the_more_the_served_model_outgrows_its_calibrator() -> None:
    """The toy's model gains much from each period, so its chances are too cautious: a slope above 1 on unseen days."""

    def slope(count: int) -> float:
        periods = [toy_period(users=150, seed=seed) for seed in range(count)]
        ensemble, calibrator = fit_second_stage(periods, INPUTS, replace(SETTINGS, epochs=8), TREES)
        unseen = toy_period(users=1500, seed=9000)
        listed = unseen.block.listed
        probability = calibrator.probability(ensemble.predict(unseen.block, ensemble.ranker.encode_items(unseen.items)))
        return CalibrationReport.of(probability[listed], unseen.responded[listed], np.ones(listed.sum())).slope

    of_two, of_four = slope(2), slope(4)
    assert 1.0 < of_four < of_two


def test_weights_find_the_rate_of_all_candidates_though_the_policy_knew_who_would_answer() -> None:
    """The policy knew what no input shows: half of the pairs answer 20 % and are shown nine times as often as the
    others, which answer 4 %. The mean over all pairs is 12 %; over what was shown, .9 * 20 % + .1 * 4 % = 18.4 %."""
    random = np.random.default_rng(8)

    def shown(seed: int, corrected: bool) -> Period:
        period = toy_period(users=400, seed=seed)
        keen = random.random(period.responded.shape) < 0.5
        propensity = np.where(keen, 0.9, 0.1)
        tried = (random.random(keen.shape) < propensity) & period.block.listed
        answered = tried & (random.random(keen.shape) < np.where(keen, 0.2, 0.04))
        weight = np.where(tried, 1 / propensity if corrected else 1.0, 0.0).astype(np.float32)
        return replace(period, responded=answered.astype(np.float32), weight=weight)

    def mean_probability(corrected: bool) -> float:
        periods = [shown(seed, corrected) for seed in (1, 2)]
        ensemble, calibrator = fit_second_stage(periods, INPUTS, replace(SETTINGS, loss="bce", epochs=3), TREES)
        unseen = toy_period(users=400, seed=4)
        logits = ensemble.predict(unseen.block, ensemble.ranker.encode_items(unseen.items))
        return float(calibrator.probability(logits)[unseen.block.listed].mean())

    assert mean_probability(corrected=True) == pytest.approx(0.12, abs=0.015)
    assert mean_probability(corrected=False) == pytest.approx(0.184, abs=0.015)
