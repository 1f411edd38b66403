"""Contributions of linear skip, network and trees sum to the logits, and to the log-odds that score writes."""

from dataclasses import replace

import numpy as np
import pytest

from model.calibration import levels, mean_level
from model.fusion.attribution import SHOPPER, TEXT, attention, attribution
from model.fusion.ensemble import Ensemble
from model.fusion.ranker import FIRST_STAGE, RankerInputs
from model.fusion.reference import Reference
from model.fusion.training import Period, fit_ranker
from model.fusion.trees import fit_trees
from model.retrieval.reference import REFERENCE_WEIGHTS
from model.scorer import Scorer
from tests.model.fusion.toy import INPUTS, SETTINGS, TREES, toy_first_stage, toy_period, toy_scorer


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return toy_scorer(fit_ranker([toy_period()], INPUTS, replace(SETTINGS, epochs=8)))


@pytest.fixture(scope="module")
def period() -> Period:
    return toy_period(seed=3)


def test_the_sums_are_the_log_odds_of_the_relevance(scorer: Scorer, period: Period) -> None:
    block, items = period.block, scorer.ranker.encode_items(period.items)
    mean = mean_level(levels(scorer.ensemble.predict(block, items)))
    explanation = scorer.explain(block, items, mean, season=0.25)
    chance = scorer.relevance(block, items, season=0.25)[block.listed]
    np.testing.assert_allclose(explanation.log_odds[block.listed], np.log(chance / (1 - chance)), atol=1e-5)
    for part in (explanation.linear, explanation.network, explanation.trees):
        assert np.abs(part).sum() > 1.0
        assert (part[~block.listed] == 0).all()


def test_each_part_has_its_own_sum(scorer: Scorer, period: Period) -> None:
    assert isinstance(scorer.ensemble, Ensemble)
    ranker, trees = scorer.ensemble.ranker, scorer.ensemble.trees
    block, items = period.block, ranker.encode_items(period.items)
    split = attribution(scorer.ensemble, block, items, _parts(scorer, period))
    logits, listed = ranker.predict(block, items), block.listed
    fusion = 2.0 * (split.linear + split.network).sum(axis=2)
    np.testing.assert_allclose((fusion - fusion[:, :1])[listed], (logits - logits[:, :1])[listed], atol=1e-5)
    of_trees = trees.predict(ranker, block, items)
    centre = np.where(listed, of_trees, 0).sum(axis=1, keepdims=True) / listed.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(2.0 * split.trees.sum(axis=2)[listed], (of_trees - centre)[listed], atol=1e-5)


def test_an_input_that_a_part_does_not_read_adds_nothing_to_it(scorer: Scorer, period: Period) -> None:
    block, items = period.block, scorer.ranker.encode_items(period.items)
    split = attribution(scorer.ensemble, block, items, _parts(scorer, period))
    text, shopper, first_stage = (split.names.index(name) for name in (TEXT, SHOPPER, FIRST_STAGE))
    assert np.abs(split.network[..., text]).mean() > 0.01
    assert np.abs(split.trees[..., shopper]).mean() > 0.01
    assert (split.trees[..., text] == 0.0).all()
    assert (split.network[..., shopper] == 0.0).all()
    assert (split.linear[..., [first_stage, text, shopper]] == 0.0).all()
    # What the first stage adds is with its channels.
    np.testing.assert_allclose(split.network[..., first_stage], 0.0, atol=1e-5)


def test_one_candidate_alone_is_its_own_average(scorer: Scorer, period: Period) -> None:
    candidates = np.where(np.arange(10) == 4, period.block.candidates, -1).astype(np.int32)
    block, items = replace(period.block, candidates=candidates), scorer.ranker.encode_items(period.items)
    explanation = scorer.explain(block, items)
    np.testing.assert_allclose(explanation.sums, 0.0, atol=1e-5)
    np.testing.assert_allclose(explanation.log_odds[:, 4], scorer.log_odds(block, items)[0][:, 4], atol=1e-5)


def test_a_term_with_a_sign_is_split_by_the_linear_skip_and_the_trees_alone() -> None:
    period, falling = toy_period(seed=3), replace(INPUTS, falling=("popularity",))
    ranker = fit_ranker([toy_period()], falling, replace(SETTINGS, epochs=4))
    scorer = replace(toy_scorer(), ensemble=Ensemble(ranker, fit_trees([toy_period()], ranker, TREES)))
    block, items = period.block, ranker.encode_items(period.items)
    explanation = scorer.explain(block, items)
    np.testing.assert_allclose(
        explanation.log_odds[block.listed], scorer.log_odds(block, items)[0][block.listed], atol=1e-5
    )
    assert (explanation.network[..., [1, 2]] == 0.0).all()


def test_the_reference_is_explained_by_its_channels(period: Period) -> None:
    inputs = RankerInputs(tuple(REFERENCE_WEIGHTS)[:2], ("price_mean_90d",), ("purchases_count_28d",), 3)
    reference = Reference(inputs, dict(REFERENCE_WEIGHTS))
    first_stage = replace(toy_first_stage(), channels=inputs.channels)
    scorer = Scorer(first_stage, reference, toy_scorer().calibrator)
    block, items = period.block, reference.encode_items(period.items)
    explanation = scorer.explain(block, items)
    np.testing.assert_allclose(
        explanation.log_odds[block.listed], scorer.log_odds(block, items)[0][block.listed], atol=1e-5
    )
    assert np.abs(explanation.linear).sum() > 1.0
    assert np.abs(explanation.network).sum() == np.abs(explanation.trees).sum() == 0.0


def test_attention_is_shared_out_among_profile_and_events(scorer: Scorer, period: Period) -> None:
    assert isinstance(scorer.ensemble, Ensemble)
    weights = attention(scorer.ensemble.ranker, period.block, scorer.ranker.encode_items(period.items))
    assert weights.shape == (48, 10, 4)
    np.testing.assert_allclose(weights.sum(axis=2), 1.0, atol=1e-5)
    assert (weights[..., 1:][np.broadcast_to((period.block.history == -1)[:, None], (48, 10, 3))] == 0.0).all()


def _parts(scorer: Scorer, period: Period) -> np.ndarray:
    return np.moveaxis(scorer.first_stage.parts(np.moveaxis(period.block.channel_scores, 2, 0)), 0, 2)
