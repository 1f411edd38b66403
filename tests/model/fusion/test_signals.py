"""What the events of a store add to the second stage: which inputs, and in which direction negative ones count."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.fusion.ensemble import Ensemble
from model.fusion.inputs import EVENT_TYPES, Block
from model.fusion.ranker import DESCRIPTION, FIRST_STAGE, FusionRanker, RankerInputs
from model.fusion.signals import LOW_RATING, Signals, signals_of
from model.fusion.training import Period, fit_ranker
from model.fusion.trees import fit_trees
from tests.model.fusion.toy import INPUTS, SETTINGS, TREES, toy_period

OF_PAIRS = replace(INPUTS, pair_features=("pair_views_count_28d", "pair_unanswered_count_28d"))


@pytest.fixture(scope="module")
def misled() -> Period:
    """Responses by chance to what was shown in vain, and to what the first channel scores high."""
    toy, random = toy_period(users=192), np.random.default_rng(7)
    pairs = random.poisson(1.0, size=(*toy.block.candidates.shape, 2)).astype(np.float32)
    block = replace(toy.block, pair_features=np.log1p(pairs))
    odds = 1.5 * block.pair_features[..., 1] + 1.0 * block.channel_scores[..., 0] - 2.0
    responded = (random.random(odds.shape) < 1 / (1 + np.exp(-odds))) & block.listed
    return replace(toy, block=block, responded=responded)


def _fitted(period: Period, inputs: RankerInputs) -> Ensemble:
    ranker = fit_ranker([period], inputs, replace(SETTINGS, epochs=6))
    return Ensemble(ranker, fit_trees([period], ranker, TREES))


def _changes(ensemble: Ensemble, period: Period, block: Block) -> np.ndarray:
    """By how much the logits of the candidates change if they are those of `block`."""
    items, listed = ensemble.ranker.encode_items(period.items), period.block.listed
    after, before = (ensemble.predict(some, items)[listed] for some in (block, period.block))
    return after - before


def test_fatigue_lowers_a_relevance_and_never_raises_it_even_where_responses_say_otherwise(misled: Period) -> None:
    tired = misled.block.pair_features.copy()
    tired[..., 1] += np.random.default_rng(1).exponential(1.0, size=tired.shape[:2])
    block = replace(misled.block, pair_features=tired)
    assert _changes(_fitted(misled, OF_PAIRS), misled, block).max() > 0.5  # what the data say
    constrained = _fitted(misled, replace(OF_PAIRS, falling=("pair_unanswered_count_28d",)))
    assert _changes(constrained, misled, block).max() <= 1e-5
    # Where responses fall with it, so does the relevance.
    odds = 1.0 - 1.5 * misled.block.pair_features[..., 1]
    random = np.random.default_rng(2)
    answered = (random.random(odds.shape) < 1 / (1 + np.exp(-odds))) & misled.block.listed
    bored = replace(misled, responded=answered)
    fatigued = _fitted(bored, replace(OF_PAIRS, falling=("pair_unanswered_count_28d",)))
    assert _changes(fatigued, bored, block).mean() < -0.3


def test_a_channel_of_negative_feedback_never_raises_also_by_the_first_stage_that_it_lowers(misled: Period) -> None:
    inputs = replace(OF_PAIRS, falling=("als",))
    assert inputs.signs == (-1, 0, 1, 0, 0, 0)
    assert inputs.terms[2] == FIRST_STAGE
    scores = misled.block.channel_scores.copy()
    scores[..., 0] += 1.0
    # The first stage gives such a channel no weight above 0.
    block = replace(
        misled.block, channel_scores=scores, first_stage_score=misled.block.first_stage_score - np.float32(0.4)
    )
    assert _changes(_fitted(misled, OF_PAIRS), misled, block).max() > 0.1
    assert _changes(_fitted(misled, inputs), misled, block).max() <= 1e-5


def test_a_model_reads_features_of_pairs(misled: Period) -> None:
    ensemble = _fitted(misled, OF_PAIRS)
    shown = misled.block.pair_features[..., 1]
    logits = ensemble.predict(misled.block, ensemble.ranker.encode_items(misled.items))
    listed = misled.block.listed
    assert np.corrcoef(logits[listed], shown[listed])[0, 1] > 0.5
    assert ensemble.trees.booster.feature_name()[4:6] == ["pair.pair_views_count_28d", "pair.pair_unanswered_count_28d"]


def test_a_model_of_an_earlier_version_reads_what_it_read_then(tmp_path: Path) -> None:
    period = toy_period()
    ranker = fit_ranker([period], INPUTS, SETTINGS)
    ranker.save(tmp_path)
    content = json.loads((tmp_path / DESCRIPTION).read_text(encoding="utf-8"))
    for name in ("pair_features", "event_types", "revoking", "falling"):
        del content["inputs"][name]
    (tmp_path / DESCRIPTION).write_text(json.dumps(content), encoding="utf-8")
    loaded = FusionRanker.load(tmp_path)
    assert loaded.inputs == INPUTS
    items = ranker.encode_items(period.items)
    np.testing.assert_array_equal(loaded.predict(period.block, items), ranker.predict(period.block, items))


def test_a_store_without_further_events_reads_no_signal() -> None:
    assert signals_of(()) == signals_of(("exposure",)) == Signals()
    assert Signals().event_types == EVENT_TYPES


def test_each_event_of_a_store_adds_what_is_computed_from_it() -> None:
    views = signals_of(("exposure", "view"))
    assert views.pair_features == ("pair_views_count_28d", "days_since_pair_view", "pair_unanswered_count_28d")
    assert views.event_types == (*EVENT_TYPES, "view")
    assert "view_cart_share_28d" not in views.item_features
    assert "view_cart_share_28d" in signals_of(("view", "cart")).item_features
    assert views.falling == ("pair_unanswered_count_28d",)
    regrets = signals_of(("return", LOW_RATING))
    assert regrets.falling == ("return_share_90d", "pair_returns_count_90d")
    assert regrets.revoking == ("return", LOW_RATING)
