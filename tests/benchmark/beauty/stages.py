"""First and second stage on one side of Amazon Beauty."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from model.fusion.inputs import Block, Items
from model.fusion.ranker import RankerInputs
from model.fusion.training import FusionSettings, Period
from model.fusion.trees import TreeSettings
from model.retrieval.candidates import sample_for_training, top_candidates
from model.retrieval.catalogue import Catalogue
from model.retrieval.first_stage import FirstStage, fit_first_stage
from model.retrieval.sequences import newest_places
from model.retrieval.shoppers import Shoppers
from tests.benchmark.beauty.sides import CHANNELS, SETTINGS

Part = TypeVar("Part")
USERS_AT_ONCE = 256
CANDIDATES, NEGATIVES, L2 = 200, 300, 1e-4
FIRST_STAGE_USERS = 6000
HISTORY = 20

INPUTS = RankerInputs(
    channels=CHANNELS,
    item_features=("popularity", "late_popularity", "late_share", "title_length"),
    user_features=("history_length", "mean_popularity", "similarity_of_last_two"),
    history_items=HISTORY,
)
FUSION = FusionSettings(
    width=64, heads=4, layers=2, dropout=0.1, epochs=6, users_per_batch=32, negatives_per_user=96, learning_rate=1e-3,
    weight_decay=1e-4, loss="softmax", seed=1, threads=1,
)  # fmt: skip
TREES = TreeSettings(
    rounds=400, leaves=15, leaf_rows=200, learning_rate=0.03, l2=10.0, feature_share=0.4, row_share=0.7,
    negatives_share=0.5, seed=1, threads=1,
)  # fmt: skip


@dataclass(frozen=True)
class Side:
    """Statistics at one cut, and the histories of all shoppers at the same or a later cut."""

    catalogue: Catalogue
    shoppers: Shoppers
    title_length: np.ndarray  # [m]


def first_stage_of(side: Side, target: np.ndarray, users: np.ndarray, cores: int) -> FirstStage:
    """A first stage fitted on the targets [all users] of a sample of `users`."""
    chosen = np.sort(np.random.default_rng(1).permutation(users)[:FIRST_STAGE_USERS])
    parts = _in_blocks(partial(_sampled, side, target), chosen, cores)
    scores = np.concatenate([part[0] for part in parts], axis=1)
    label, weight = (np.concatenate([part[place] for part in parts]) for place in (1, 2))
    return fit_first_stage(CHANNELS, scores, label, weight, L2, origin="beauty")


def _sampled(side: Side, target: np.ndarray, users: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    wanted = {str(user): np.array([target[user]]) for user in users}
    drawn = sample_for_training(
        side.catalogue, side.shoppers.take(users), SETTINGS, CHANNELS, wanted, NEGATIVES, seed=1
    )
    return drawn.scores, drawn.label, drawn.weight


def candidates_of(side: Side, first_stage: FirstStage, cores: int) -> Block:
    """The first stage's best candidates of every shopper, as the fusion model reads them."""
    users = np.arange(len(side.shoppers))
    parts = _in_blocks(partial(_best, side, first_stage), users, cores)
    candidates, channel_scores, score = (np.concatenate([part[place] for part in parts]) for place in range(3))
    history = newest_places(side.shoppers, None, HISTORY)
    return Block(
        history=history.astype(np.int32),
        days_ago=np.broadcast_to(np.arange(HISTORY, dtype=np.float32), history.shape),
        event_types=np.ones(history.shape, dtype=np.int32),
        user_features=_user_features(side, history),
        candidates=candidates,
        channel_scores=channel_scores,
        first_stage_score=score,
        pair_features=np.zeros((*candidates.shape, 0), dtype=np.float32),
    )


def _best(side: Side, first_stage: FirstStage, users: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    best = top_candidates(side.catalogue, side.shoppers.take(users), SETTINGS, first_stage, CANDIDATES, True)
    shape = len(users), CANDIDATES
    scores = best.channel_scores.reshape(*shape, -1).astype(np.float32)
    return best.eligible.reshape(shape).astype(np.int32), scores, best.score.reshape(shape).astype(np.float32)


def items_of(side: Side) -> Items:
    """The fusion model's item side."""
    popularity, late = (_statistic(side.catalogue, name) for name in ("popularity", "popularity_7d"))
    columns = popularity, late, late - popularity, np.log1p(side.title_length)
    features = np.stack(columns, axis=1).astype(np.float32)
    return Items(features, side.catalogue.text, side.catalogue.text_row)


def period_of(side: Side, block: Block, target: np.ndarray, users: np.ndarray) -> Period:
    """Training data of the fusion model: shoppers, and which of their candidates was the target."""
    return Period(items_of(side), block.take(users), block.candidates[users] == target[users, None])


def _user_features(side: Side, history: np.ndarray) -> np.ndarray:
    shoppers, popularity = side.shoppers, _statistic(side.catalogue, "popularity")
    count = np.diff(shoppers.start)
    mean = np.bincount(shoppers.row, weights=popularity[shoppers.item], minlength=len(count)) / np.maximum(count, 1)
    text = side.catalogue.text[side.catalogue.text_row]
    similarity = np.where(history[:, 1] >= 0, (text[history[:, 0]] * text[history[:, 1]]).sum(axis=1), 0.0)
    return np.stack([np.log(np.maximum(count, 1)), mean, similarity], axis=1).astype(np.float32)


def _statistic(catalogue: Catalogue, name: str) -> np.ndarray:
    return catalogue.item_statistics[name]


_forked: dict[str, Callable[[np.ndarray], Any]] = {}


def _in_blocks(work: Callable[[np.ndarray], Part], users: np.ndarray, cores: int) -> list[Part]:
    """Applies `work` to blocks of users, in order, in forked processes, which share the memory of its arguments."""
    _forked["work"] = work
    blocks = [users[start : start + USERS_AT_ONCE] for start in range(0, len(users), USERS_AT_ONCE)]
    with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("fork")) as pool:
        return list(pool.map(_one_block, blocks))


def _one_block(users: np.ndarray) -> Any:
    return _forked["work"](users)
