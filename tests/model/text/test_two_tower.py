"""The schedule, and fine-tuning on a toy set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from model.text.encoder import Encoder
from model.text.pairs import CategoryTexts, Pairs
from model.text.tuning import TwoTowerSettings, learning_rate_factor
from model.text.two_tower import fine_tune
from tests.model.text.tiny import opened

SETTINGS = TwoTowerSettings(steps=80, batch_size=8, learning_rate=1e-2, warmup_share=0.1, temperature=0.2, seed=5)
TASTES = [("red", "wine"), ("green", "tea"), ("bread", "milk"), ("纯奶", "面包")]
PAIRS = Pairs(
    [user for user, _ in TASTES * 4], [item for _, item in TASTES * 4], np.full(16, 0.25)
)  # fmt: skip


def test_the_learning_rate_rises_and_falls() -> None:
    """10 steps, 2 of them warm-up: 1/2, 2/2, then 8/8, 7/8 ... 1/8."""
    factors = [learning_rate_factor(step, 10, 0.2) for step in range(10)]
    assert factors == pytest.approx([0.5, 1.0, *(left / 8 for left in range(8, 0, -1))])
    assert [learning_rate_factor(step, 2, 1.0) for step in range(2)] == [0.5, 1.0]
    assert learning_rate_factor(0, 1, 0.0) == 1.0


def test_fine_tuning_lowers_the_loss_and_leaves_the_base_as_it_is(tiny: Encoder) -> None:
    before = tiny.encode_items(["wine"], 1)
    result = fine_tune(tiny, PAIRS, SETTINGS, threads=1)
    tuned = result.encoder
    assert len(result.losses) == result.best_step == 80
    assert np.mean(result.losses[-5:]) < 0.5 * np.mean(result.losses[:5])
    assert (tiny.encode_items(["wine"], 1) == before).all()
    assert tuned.version != tiny.version
    users, items = tuned.encode_users([u for u, _ in TASTES], 4), tuned.encode_items([i for _, i in TASTES], 4)
    assert (users @ items.T).argmax(axis=1).tolist() == [0, 1, 2, 3]
    assert not tuned.model.training


def test_the_same_seed_gives_the_same_weights_and_touches_no_one_s_random_numbers(tiny: Encoder) -> None:
    short = TwoTowerSettings(4, 4, 1e-3, 0.1, 0.2, seed=5)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = fine_tune(tiny, PAIRS, short, threads=1)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    second = fine_tune(tiny, PAIRS, short, threads=1)
    assert (first.encoder.version, first.losses) == (second.encoder.version, second.losses)
    other = fine_tune(tiny, PAIRS, TwoTowerSettings(4, 4, 1e-3, 0.1, 0.2, seed=6), threads=1)
    assert other.encoder.version != first.encoder.version


def test_no_steps_keep_the_encoder(tiny: Encoder) -> None:
    unchanged = fine_tune(tiny, PAIRS, TwoTowerSettings(0, 4, 1e-3, 0.1, 0.2, 5))
    assert (unchanged.encoder, unchanged.losses) == (tiny, [])


def test_a_loss_that_is_not_finite_is_an_error_and_the_base_stays(tiny_bert: Path) -> None:
    base = opened(str(tiny_bert))
    before = base.encode_items(["wine"], 1)
    with pytest.raises(ValueError, match=r"not finite|is nan|is inf"):
        fine_tune(base, PAIRS, TwoTowerSettings(30, 4, 1e30, 0.0, 0.2, 5))
    assert (base.encode_items(["wine"], 1) == before).all()


def test_pairs_that_cannot_train(tiny: Encoder) -> None:
    with pytest.raises(ValueError, match="0 pairs"):
        fine_tune(tiny, Pairs([], [], np.array([])), SETTINGS)
    with pytest.raises(ValueError, match="2 pairs with fewer than 2 item texts"):
        fine_tune(tiny, Pairs(["a", "b"], ["tea", "tea"], np.array([1.0, 1.0])), SETTINGS)


@pytest.mark.parametrize("shares", [[0.0, 0.5], [0.5, 1.5], [np.nan, 0.5]])
def test_a_share_is_a_share(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        Pairs(["a", "b"], ["tea", "wine"], np.array(shares))


def test_columns_of_one_length() -> None:
    shares = np.array([0.5, 0.5])
    with pytest.raises(ValueError, match="one share for each row"):
        Pairs(["a"], ["tea", "wine"], shares)
    with pytest.raises(ValueError, match="categories need one for each row"):
        Pairs(["a", "b"], ["tea", "wine"], shares, categories=["drinks"])
    with pytest.raises(ValueError, match="weights need one above 0 for each row"):
        Pairs(["a", "b"], ["tea", "wine"], shares, weights=np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="must be distinct"):
        CategoryTexts(["tea", "tea"], shares, ["drinks", "drinks"])
