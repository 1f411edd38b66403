from dataclasses import replace

import numpy as np
import pytest
import torch

from model.fusion.training import fit_ranker, loss_of
from tests.model.fusion.toy import INPUTS, SETTINGS, toy_period


def test_training_starts_from_the_first_stage() -> None:
    period = toy_period()
    ranker = fit_ranker([period], INPUTS, replace(SETTINGS, learning_rate=1e-12))
    logits = ranker.predict(period.block, ranker.encode_items(period.items))
    listed = period.block.listed
    np.testing.assert_allclose(logits[listed], period.block.first_stage_score[listed], atol=1e-4)
    assert np.isneginf(logits[~listed]).all()


@pytest.mark.parametrize("loss", ["softmax", "bce"])
def test_it_learns_that_the_candidate_has_a_text_of_the_history(loss: str) -> None:
    ranker = fit_ranker([toy_period(users=300)], INPUTS, replace(SETTINGS, epochs=25, loss=loss))
    later = toy_period(users=100, seed=2)
    logits = ranker.predict(later.block, ranker.encode_items(later.items))
    responds, listed = later.responded, later.block.listed
    better = [
        (logits[u, responds[u]][:, None] > logits[u, listed[u] & ~responds[u]][None, :]).mean()
        for u in np.flatnonzero(responds.any(axis=1))
    ]
    # The terms of the skip are noise: a linear model orders such pairs no better than a coin.
    assert np.mean(better) > 0.75


def test_the_same_seed_gives_the_same_model() -> None:
    period = toy_period()
    first, second = (fit_ranker([period], INPUTS, replace(SETTINGS, dropout=0.2)) for _ in range(2))
    items = first.encode_items(period.items)
    np.testing.assert_array_equal(
        first.predict(period.block, items), second.predict(period.block, second.encode_items(period.items))
    )


def test_the_multi_positive_softmax_by_hand() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0, 50.0]])
    responded = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    drawn = torch.tensor([[1.0, 1.0, 1.0, 0.0]])
    assert loss_of(logits, responded, drawn, "softmax").item() == pytest.approx(np.log(3), abs=1e-6)
    assert loss_of(logits, responded, drawn, "bce").item() == pytest.approx(np.log(2), abs=1e-6)


def test_weighted_losses_by_hand() -> None:
    logits = torch.log(torch.tensor([[1.0, 3.0]]))  # probabilities 1/2 and 3/4, shares 1/4 and 3/4
    responded, weight = torch.tensor([[1.0, 0.5]]), torch.tensor([[1.0, 4.0]])
    # Answered: 1 of 1 and 2 of 4, so shares of 1/3 and 2/3.
    expected = -(np.log(1 / 4) / 3 + 2 * np.log(3 / 4) / 3)
    assert loss_of(logits, responded, weight, "softmax").item() == pytest.approx(expected, abs=1e-6)
    expected = -(np.log(1 / 2) + 4 * (np.log(3 / 4) + np.log(1 / 4)) / 2) / 5
    assert loss_of(logits, responded, weight, "bce").item() == pytest.approx(expected, abs=1e-6)


def test_a_loss_that_is_not_finite_stops_it() -> None:
    period = toy_period()
    period.block.first_stage_score[:, 0] = np.nan
    with pytest.raises(ValueError, match="is not finite in epoch 1"):
        fit_ranker([period], INPUTS, SETTINGS)


def test_training_without_responses_is_an_error() -> None:
    period = toy_period()
    with pytest.raises(ValueError, match="No shopper responded"):
        fit_ranker([replace(period, responded=np.zeros_like(period.responded))], INPUTS, SETTINGS)


def test_it_learns_that_the_picture_decides_and_an_item_without_one_is_scored_too() -> None:
    """The response is to the one candidate whose picture is that of the history; every second item has no picture."""
    toy = toy_period(users=300)
    pictures = np.eye(12, dtype=np.float32)[toy.items.text_row]
    pictures[::2] = 0.0
    text = np.concatenate([np.tile(toy.items.text[:1], (len(pictures), 1)), pictures], axis=1)  # all read the same
    items = replace(toy.items, text=text, text_row=np.arange(len(pictures), dtype=np.int32))
    shown = (
        pictures[np.maximum(toy.block.candidates, 0)]
        @ pictures[np.maximum(toy.block.history, 0)].max(axis=1)[..., None]
    )
    period = replace(toy, items=items, responded=(shown[..., 0] > 0) & toy.block.listed)
    ranker = fit_ranker([period], replace(INPUTS, image_size=12), replace(SETTINGS, epochs=25))
    logits = ranker.predict(period.block, ranker.encode_items(period.items))
    better = [
        (logits[u, period.responded[u]][:, None] > logits[u, period.block.listed[u] & ~period.responded[u]]).mean()
        for u in np.flatnonzero(period.responded.any(axis=1) & ~period.responded.all(axis=1))
    ]
    assert np.mean(better) > 0.75
    assert np.isfinite(logits[period.block.listed]).all()
