from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.fusion.ranker import RankerInputs
from model.fusion.training import Period
from model.fusion.trees import TreeRanker, TreeSettings, fit_trees, ranked_together
from tests.model.fusion.toy import INPUTS, toy_period

SETTINGS = TreeSettings(
    rounds=20, leaves=4, leaf_rows=5, learning_rate=0.2, feature_share=1.0, row_share=1.0, ranked_pairs=10, seed=1,
    threads=1,
)  # fmt: skip


def best_of_first_channel(period: Period) -> Period:
    """The response is to the candidate with the largest score of the first channel."""
    channel = np.where(period.block.listed, period.block.channel_scores[..., 0], -np.inf)
    responded = np.zeros(channel.shape, dtype=bool)
    responded[np.arange(len(channel)), channel.argmax(axis=1)] = True
    return replace(period, responded=responded)


def test_trees_find_the_channel_that_decides() -> None:
    period = best_of_first_channel(toy_period())
    scores = fit_trees([period], INPUTS, SETTINGS).predict(period.block, period.items)
    assert (scores.argmax(axis=1) == period.responded.argmax(axis=1)).mean() > 0.9
    assert np.isneginf(scores[~period.block.listed]).all()


def test_the_same_seed_gives_the_same_trees_and_they_survive_being_saved(tmp_path: Path) -> None:
    period = best_of_first_channel(toy_period())
    ranker = fit_trees([period], INPUTS, SETTINGS)
    ranker.save(tmp_path)
    expected = ranker.predict(period.block, period.items)
    for other in (fit_trees([period], INPUTS, SETTINGS), TreeRanker.load(tmp_path, INPUTS)):
        np.testing.assert_array_equal(other.predict(period.block, period.items), expected)


def test_trees_of_other_inputs_are_refused(tmp_path: Path) -> None:
    fit_trees([best_of_first_channel(toy_period())], INPUTS, SETTINGS).save(tmp_path)
    other = RankerInputs(("als", "neighbours"), INPUTS.item_features, INPUTS.user_features, 3)
    with pytest.raises(ValueError, match="other inputs"):
        TreeRanker.load(tmp_path, other)


def test_nobody_with_a_response_is_an_error() -> None:
    period = toy_period()
    with pytest.raises(ValueError, match="No shopper responded"):
        fit_trees([replace(period, responded=np.zeros_like(period.responded))], INPUTS, SETTINGS)


def test_ranked_together_weighs_each_ranker_alike() -> None:
    small, large = np.array([[0.0, 1.0, 2.0]]), np.array([[30.0, 0.0, 15.0]])
    # Both have deviation √(2/3) of their unit: -1, 0, 1 and 1, -1, 0 over it.
    np.testing.assert_allclose(ranked_together(small, large), np.array([[0.0, -1.0, 1.0]]) / np.sqrt(2 / 3), atol=1e-9)


def test_ranked_together_keeps_who_is_not_listed_and_settles_equal_scores() -> None:
    found = ranked_together(np.array([[1.0, -np.inf, 1.0]]), np.array([[5.0, -np.inf, 3.0]]))
    np.testing.assert_allclose(found, [[1.0, -np.inf, -1.0]])
