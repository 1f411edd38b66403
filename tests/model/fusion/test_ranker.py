from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.fusion.inputs import Block
from model.fusion.ranker import FusionRanker, Standardiser, logits_of
from model.fusion.training import fit_ranker
from tests.model.fusion.toy import INPUTS, SETTINGS, toy_first_stage, toy_period


@pytest.fixture(scope="module")
def ranker() -> FusionRanker:
    return fit_ranker([toy_period()], INPUTS, SETTINGS)


def test_saved_and_loaded_it_predicts_the_same(ranker: FusionRanker, tmp_path: Path) -> None:
    ranker.save(tmp_path)
    loaded = FusionRanker.load(tmp_path)
    period = toy_period(seed=2)
    before = ranker.predict(period.block, ranker.encode_items(period.items))
    np.testing.assert_array_equal(before, loaded.predict(period.block, loaded.encode_items(period.items)))
    assert loaded.inputs == INPUTS


def test_a_damaged_file_is_named(ranker: FusionRanker, tmp_path: Path) -> None:
    ranker.save(tmp_path)
    path = tmp_path / "fusion.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ValueError, match=r"fusion\.safetensors is damaged"):
        FusionRanker.load(tmp_path)


def test_a_shopper_scores_the_same_alone_and_in_a_block(ranker: FusionRanker) -> None:
    period = toy_period(users=150)
    items = ranker.encode_items(period.items)
    together = ranker.predict(period.block, items)
    alone = ranker.predict(period.block.take(np.array([1, 70])), items)
    np.testing.assert_allclose(alone, together[[1, 70]], atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_gives_the_logits_of_the_cpu() -> None:
    own = fit_ranker([toy_period()], INPUTS, SETTINGS)
    period = toy_period(seed=2)
    on_cpu = own.predict(period.block, own.encode_items(period.items))
    own.to("cuda:0")
    np.testing.assert_allclose(own.predict(period.block, own.encode_items(period.items)), on_cpu, atol=1e-4)


def test_all_is_computed_where_the_network_is() -> None:
    """torch's meta device refuses to mix devices as a GPU does, on a machine without one."""
    own, period = fit_ranker([toy_period()], INPUTS, SETTINGS), toy_period(seed=2)
    items = own.encode_items(period.items)
    tensors = own.tensors(period.block, items, lambda rows: torch.from_numpy(items.text[rows]))
    own.to("meta")
    logits = logits_of(own.network, tensors.to(torch.device("meta")))
    assert logits.device.type == "meta"
    assert logits.shape == period.block.candidates.shape


def test_values_at_padded_places_are_not_read(ranker: FusionRanker) -> None:
    period = toy_period()
    items = ranker.encode_items(period.items)
    block = period.block
    other = replace(
        block,
        days_ago=np.where(block.history < 0, 777.0, block.days_ago).astype(np.float32),
        event_types=np.where(block.history < 0, 5, block.event_types).astype(np.int32),
    )
    np.testing.assert_allclose(ranker.predict(other, items), ranker.predict(block, items), atol=1e-6)


def test_contributions_add_up_to_the_linear_part(ranker: FusionRanker) -> None:
    period = toy_period()
    block, items = period.block, ranker.encode_items(period.items)
    parts = np.moveaxis(toy_first_stage().parts(np.moveaxis(block.channel_scores, 2, 0)), 0, 2)
    contributions, below = ranker.linear_contributions(block, items, parts)
    linear = ranker.terms(block, items) @ ranker.network.skip.detach().numpy()
    listed = block.listed
    centre = np.where(listed, linear, 0).sum(axis=1, keepdims=True) / listed.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(contributions.sum(axis=2)[listed], (linear - centre)[listed], atol=1e-4)
    assert (contributions[..., 2] == 0).all()  # the first stage as such is no reason, its channels are
    terms = ranker.terms(block, items)
    assert below[3, 4].tolist() == (terms[3, 4] < terms[3].mean(axis=0)).tolist()  # all ten of the fourth are listed


def test_wrong_number_of_channels_is_refused(ranker: FusionRanker) -> None:
    period = toy_period()
    block: Block = replace(period.block, channel_scores=period.block.channel_scores[..., :1])
    with pytest.raises(ValueError, match="1 channel scores, the model reads 2"):
        ranker.predict(block, ranker.encode_items(period.items))


def test_a_logit_that_is_not_finite_is_refused(ranker: FusionRanker) -> None:
    period = toy_period()
    period.block.first_stage_score[3, 0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        ranker.predict(period.block, ranker.encode_items(period.items))


def test_a_constant_column_stays_at_zero_and_far_values_are_clipped() -> None:
    standardise = Standardiser.of(np.array([[1.0, 0.0], [1.0, 2.0]]))
    np.testing.assert_allclose(standardise(np.array([[1.0, 1.0], [1.0, 99.0]])), [[0, 0], [0, 8]])
    with pytest.raises(ValueError, match="no rows"):
        Standardiser.of(np.empty((0, 2)))
