import numpy as np
import pytest

from model.fusion.cross_fitting import fit_second_stage
from tests.model.fusion.toy import INPUTS, SETTINGS, TREES, toy_period


def test_each_half_is_told_by_the_other_and_all_periods_make_the_model() -> None:
    periods = [toy_period(seed=seed) for seed in (1, 2, 3)]
    parts: list[str] = []
    ensemble, calibrator = fit_second_stage(
        periods, INPUTS, SETTINGS, TREES, lambda part, epoch, loss: parts.append(part)
    )
    assert parts == ["first half", "second half", "whole"]  # one epoch each
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


def test_one_period_has_no_halves() -> None:
    with pytest.raises(ValueError, match=r"Set fusion\.periods to 2 or more"):
        fit_second_stage([toy_period()], INPUTS, SETTINGS, TREES)
