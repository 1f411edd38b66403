"""The second stage without a training: popularity and texts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from model.calibration import Calibrator
from model.fusion.causes import families, strongest
from model.fusion.inputs import PADDING, Block, Items
from model.fusion.ranker import RankerInputs
from model.fusion.reference import FILE, Reference
from model.retrieval.reference import REFERENCE_WEIGHTS, reference_first_stage
from model.retrieval.scores import ChannelScores
from model.scorer import Scorer

CHANNELS = ("als", *REFERENCE_WEIGHTS)
INPUTS = RankerInputs(CHANNELS, ("price_mean_90d",), ("purchases_count_28d",), 2)
ITEMS = Items(np.zeros((3, 1), dtype=np.float32), np.eye(3, dtype=np.float32), np.arange(3, dtype=np.int32))
# Two shoppers; the second has two candidates. als is loud, and ignored.
BLOCK = Block(
    history=np.full((2, 2), PADDING, dtype=np.int32),
    days_ago=np.zeros((2, 2), dtype=np.float32),
    event_types=np.zeros((2, 2), dtype=np.int32),
    user_features=np.zeros((2, 1), dtype=np.float32),
    candidates=np.array([[0, 1, 2], [2, 0, PADDING]], dtype=np.int32),
    channel_scores=np.array(
        [
            [[9.0, np.log(4), 0.0, 0.0], [0.0, np.log(2), 0.5, 0.0], [0.0, 0.0, 0.0, 0.75]],
            [[0.0, np.log(3), 0.0, 0.0], [5.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]],
        ],
        dtype=np.float32,
    ),
    first_stage_score=np.zeros((2, 3), dtype=np.float32),
    pair_features=np.zeros((2, 3, 0), dtype=np.float32),
)


def test_logits_are_popularity_and_the_likeness_of_texts() -> None:
    reference, (history, two_tower) = Reference.of(INPUTS), list(REFERENCE_WEIGHTS.values())[1:]
    logits = reference.predict(BLOCK, reference.encode_items(ITEMS))
    expected = [[np.log(4), np.log(2) + history * 0.5, two_tower * 0.75], [np.log(3), 0.0, -np.inf]]
    np.testing.assert_allclose(logits, expected, rtol=1e-6)


def test_the_first_stage_ranks_by_the_same_weights() -> None:
    first_stage = reference_first_stage("2024-03-09")
    assert (first_stage.version, first_stage.is_reference) == ("reference-2024-03-09", True)
    raw = BLOCK.channel_scores[..., 1:]
    scored = first_stage.score([ChannelScores(raw[..., place], None) for place in range(raw.shape[2])])
    reference = Reference.of(INPUTS)
    logits = reference.predict(BLOCK, reference.encode_items(ITEMS))
    np.testing.assert_allclose(scored[BLOCK.listed], logits[BLOCK.listed], rtol=1e-6)


def test_a_shoppers_chances_sum_to_the_expected_responses() -> None:
    scorer = Scorer(reference_first_stage("2024-03-09"), Reference.of(INPUTS), Calibrator(np.log(0.02), 1.0, 0.0))
    items = scorer.ranker.encode_items(ITEMS)
    chances = scorer.relevance(BLOCK, items)
    np.testing.assert_allclose(chances.sum(axis=1), 0.02, rtol=0.02)  # expit(x) is exp(x) up to the chance itself
    np.testing.assert_allclose(chances, 0.02 * softmax(scorer.ensemble.predict(BLOCK, items), axis=1), rtol=0.02)


def test_reasons_are_of_popularity_and_texts_only() -> None:
    reference = Reference.of(INPUTS)
    moved, below = reference.linear_contributions(BLOCK, reference.encode_items(ITEMS), np.zeros((2, 3, 4)))
    first = strongest(moved, families(INPUTS.terms), 1, 1e-3)[..., 0]
    assert [INPUTS.terms[place] if place >= 0 else None for place in first[0]] == [
        "popularity", "text_history", "text_two_tower",
    ]  # fmt: skip
    assert first[1].tolist() == [INPUTS.terms.index("popularity"), -1, -1]
    assert below[0, 2, INPUTS.terms.index("popularity")]
    assert (moved[1, 2] == 0).all()  # no candidate


def test_a_scorer_of_the_reference_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    first_stage = replace(reference_first_stage("2024-03-09"))
    inputs = replace(INPUTS, channels=first_stage.channels)
    scorer = Scorer(first_stage, Reference.of(inputs), Calibrator(-2.0, 0.8, 0.1))
    scorer.save(tmp_path)
    loaded = Scorer.load(tmp_path)
    assert (loaded.ensemble, loaded.calibrator) == (scorer.ensemble, scorer.calibrator)
    (tmp_path / "fusion" / FILE).write_text("{}")
    with pytest.raises(ValueError, match=r"reference\.json is damaged"):
        Scorer.load(tmp_path)


def test_a_first_stage_without_popularity_has_no_reference() -> None:
    with pytest.raises(ValueError, match="reads the channels popularity"):
        Reference.of(replace(INPUTS, channels=("als", "text_history", "text_two_tower")))
