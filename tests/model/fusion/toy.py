"""Toy shoppers whose next purchase has the very text of something in their history."""

from __future__ import annotations

import numpy as np

from model.calibration import Calibrator
from model.fusion.ensemble import Ensemble
from model.fusion.inputs import Block, Items
from model.fusion.ranker import FusionRanker, RankerInputs
from model.fusion.training import FusionSettings, Period, fit_ranker
from model.fusion.trees import TreeSettings, fit_trees
from model.retrieval.first_stage import FirstStage
from model.scorer import Scorer

INPUTS = RankerInputs(("als", "popularity"), ("price_mean_90d",), ("purchases_count_28d", "tail_share_90d"), 3)
SETTINGS = FusionSettings(
    width=16, heads=2, layers=1, dropout=0.0, epochs=1, users_per_batch=16, negatives_per_user=8,
    learning_rate=5e-3, weight_decay=0.0, loss="softmax", seed=5, threads=1,
)  # fmt: skip

TREES = TreeSettings(
    rounds=20, leaves=4, leaf_rows=5, learning_rate=0.2, l2=0.0, feature_share=1.0, row_share=1.0, negatives_share=0.9,
    seed=1, threads=1,
)  # fmt: skip


def toy_period(users: int = 48, candidates: int = 10, texts: int = 12, seed: int = 1) -> Period:
    """Items carry one of `texts` texts; channels and features are noise; the response is to the text of the history."""
    random = np.random.default_rng(seed)
    text = np.linalg.qr(np.random.default_rng(0).normal(size=(texts, texts)))[0].astype(np.float32)
    text_row = np.repeat(np.arange(texts, dtype=np.int32), 4)
    items = Items(random.normal(size=(len(text_row), 1)).astype(np.float32), text, text_row)
    history = random.integers(len(text_row), size=(users, 3)).astype(np.int32)
    history[::3, 2] = -1
    history[0] = -1
    drawn = np.stack([random.permutation(len(text_row))[:candidates] for _ in range(users)]).astype(np.int32)
    drawn[1, 7:] = -1
    channels = random.normal(size=(users, candidates, 2)).astype(np.float32)
    block = Block(
        history=history,
        days_ago=random.uniform(0, 90, size=history.shape).astype(np.float32),
        event_types=np.ones_like(history),
        user_features=random.normal(size=(users, 2)).astype(np.float32),
        candidates=drawn,
        channel_scores=channels,
        first_stage_score=(0.3 * channels[..., 0] - 3.0).astype(np.float32),
        pair_features=np.zeros((*drawn.shape, 0), dtype=np.float32),
    )
    known = np.where(history >= 0, text_row[np.maximum(history, 0)], -2)
    same = (text_row[np.maximum(drawn, 0)][:, :, None] == known[:, None, :]).any(axis=2)
    return Period(items, block, same & (drawn >= 0))


def toy_first_stage() -> FirstStage:
    """log-odds = -3 + 0.3 als."""
    zero = np.zeros(2)
    return FirstStage("toy", INPUTS.channels, zero, np.ones(2), zero, np.array([0.3, 0, 0, 0, 0, 0]), -3.0)


def toy_scorer(ranker: FusionRanker | None = None) -> Scorer:
    ranker = ranker or fit_ranker([toy_period()], INPUTS, SETTINGS)
    ensemble = Ensemble(ranker, fit_trees([toy_period()], ranker, TREES))
    return Scorer(toy_first_stage(), ensemble, Calibrator(-2.0, 1.0, 0.2))
