from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.fusion.ensemble import Ensemble
from model.fusion.ranker import FusionRanker, RankerInputs
from model.fusion.training import Period, fit_ranker
from model.fusion.trees import TREES as FILE
from model.fusion.trees import TreeRanker, fit_trees
from tests.model.fusion.toy import INPUTS, SETTINGS, TREES, toy_period


@pytest.fixture(scope="module")
def period() -> Period:
    """The response is to the candidate with the largest score of the first channel."""
    toy = toy_period(users=96)
    channel = np.where(toy.block.listed, toy.block.channel_scores[..., 0], -np.inf)
    responded = np.zeros(channel.shape, dtype=bool)
    responded[np.arange(len(channel)), channel.argmax(axis=1)] = True
    return replace(toy, responded=responded)


@pytest.fixture(scope="module")
def ranker(period: Period) -> FusionRanker:
    return fit_ranker([period], INPUTS, SETTINGS)


def test_trees_find_the_channel_that_decides(period: Period, ranker: FusionRanker) -> None:
    log_odds = fit_trees([period], ranker, TREES).predict(ranker, period.block, ranker.encode_items(period.items))
    assert (log_odds.argmax(axis=1) == period.responded.argmax(axis=1)).mean() > 0.9
    assert np.isneginf(log_odds[~period.block.listed]).all()


def test_log_odds_are_those_of_all_candidates_though_only_some_are_drawn(period: Period, ranker: FusionRanker) -> None:
    trees = fit_trees([period], ranker, replace(TREES, negatives_share=0.3))
    log_odds = trees.predict(ranker, period.block, ranker.encode_items(period.items))
    listed = period.block.listed
    assert (1 / (1 + np.exp(-log_odds[listed]))).mean() == pytest.approx(period.responded[listed].mean(), abs=0.04)


def test_the_same_seed_gives_the_same_trees_also_after_loading(
    period: Period, ranker: FusionRanker, tmp_path: Path
) -> None:
    trees, items = fit_trees([period], ranker, TREES), ranker.encode_items(period.items)
    trees.save(tmp_path)
    expected = trees.predict(ranker, period.block, items)
    for other in (fit_trees([period], ranker, TREES), TreeRanker.load(tmp_path, INPUTS)):
        np.testing.assert_array_equal(other.predict(ranker, period.block, items), expected)


def test_scores_do_not_depend_on_the_other_shoppers_of_a_block(period: Period, ranker: FusionRanker) -> None:
    trees, items = fit_trees([period], ranker, TREES), ranker.encode_items(period.items)
    alone = trees.predict(ranker, period.block.take(np.array([70])), items)
    np.testing.assert_array_equal(trees.predict(ranker, period.block, items)[70:71], alone)


def test_trees_of_other_inputs_are_refused(period: Period, ranker: FusionRanker, tmp_path: Path) -> None:
    fit_trees([period], ranker, TREES).save(tmp_path)
    other = RankerInputs(("als", "neighbours"), INPUTS.item_features, INPUTS.user_features, 3)
    with pytest.raises(ValueError, match="other inputs"):
        TreeRanker.load(tmp_path, other)


def test_trees_that_are_missing_or_damaged_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"has no {FILE}"):
        TreeRanker.load(tmp_path, INPUTS)
    (tmp_path / FILE).write_text("no trees")
    with pytest.raises(ValueError, match=f"{FILE} is damaged"):
        TreeRanker.load(tmp_path, INPUTS)


def test_trees_without_responses_are_an_error(period: Period, ranker: FusionRanker) -> None:
    with pytest.raises(ValueError, match="No shopper responded"):
        fit_trees([replace(period, responded=np.zeros_like(period.responded))], ranker, TREES)


def test_the_ensemble_is_the_mean_of_both_also_after_loading(
    period: Period, ranker: FusionRanker, tmp_path: Path
) -> None:
    trees, items = fit_trees([period], ranker, TREES), ranker.encode_items(period.items)
    both = Ensemble(ranker, trees).predict(period.block, items)
    listed = period.block.listed
    mean = 0.5 * (ranker.predict(period.block, items) + trees.predict(ranker, period.block, items))
    np.testing.assert_allclose(both[listed], mean[listed], rtol=1e-6)
    assert np.isneginf(both[~listed]).all()
    Ensemble(ranker, trees).save(tmp_path)
    np.testing.assert_array_equal(Ensemble.load(tmp_path).predict(period.block, items), both)
