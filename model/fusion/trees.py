"""Boosted trees over what the fusion model reads besides texts, to be ranked with beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np

from model.fusion.inputs import Block, Items
from model.fusion.ranker import RankerInputs
from model.fusion.training import Period

TREES = "trees.txt"


@dataclass(frozen=True)
class TreeSettings:
    """Parameters of LightGBM's lambdarank (Burges 2010): `rounds` trees of `leaves` leaves of at least `leaf_rows`
    candidates, each grown on a share of the features and of the candidates; pairs with one of the best `ranked_pairs`
    places count."""

    rounds: int
    leaves: int
    leaf_rows: int
    learning_rate: float
    feature_share: float
    row_share: float
    ranked_pairs: int
    seed: int
    threads: int


class TreeRanker:
    """Trees and the names of what they read: channels, the first stage's log-odds, item and shopper features."""

    def __init__(self, inputs: RankerInputs, booster: lightgbm.Booster) -> None:
        if booster.feature_name() != _names(inputs):
            raise ValueError("The trees read other inputs than they are given. Take trees and inputs of one training.")
        self.inputs, self.booster = inputs, booster

    def predict(self, block: Block, items: Items) -> np.ndarray:
        """[B, C] float32 scores that order the candidates of a shopper, -inf where there is no candidate."""
        listed = block.listed
        scores = np.full(listed.shape, -np.inf, dtype=np.float32)
        if listed.any():
            scores[listed] = self.booster.predict(_rows(block, items)[listed.ravel()])
        return scores

    def save(self, folder: Path) -> None:
        """Writes the trees as LightGBM's text."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TREES).write_text(self.booster.model_to_string(), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, inputs: RankerInputs) -> TreeRanker:
        """Raises ValueError when the trees do not read these inputs."""
        return cls(inputs, lightgbm.Booster(model_str=(folder / TREES).read_text(encoding="utf-8")))


def fit_trees(periods: Sequence[Period], inputs: RankerInputs, settings: TreeSettings) -> TreeRanker:
    """Fits trees on the candidates of all shoppers with a response. The same seed and threads give the same trees.

    Raises ValueError when no shopper responded.
    """
    if not any(period.responded.any() for period in periods):
        raise ValueError(
            "No shopper responded to a candidate in the training periods. Choose a date with more history."
        )
    rows, labels, groups = [], [], []
    for period in periods:
        users = np.flatnonzero(period.responded.any(axis=1))
        block = period.block.take(users)
        listed = block.listed
        rows.append(_rows(block, period.items)[listed.ravel()])
        labels.append(period.responded[users][listed])
        groups.append(listed.sum(axis=1))
    data = lightgbm.Dataset(
        np.concatenate(rows), np.concatenate(labels).astype(np.int32), group=np.concatenate(groups),
        feature_name=_names(inputs),
    )  # fmt: skip
    parameters = {
        "objective": "lambdarank", "num_leaves": settings.leaves, "min_data_in_leaf": settings.leaf_rows,
        "learning_rate": settings.learning_rate, "feature_fraction": settings.feature_share,
        "bagging_fraction": settings.row_share, "bagging_freq": 1, "lambdarank_truncation_level": settings.ranked_pairs,
        "seed": settings.seed, "num_threads": settings.threads, "deterministic": True, "verbose": -1,
    }  # fmt: skip
    return TreeRanker(inputs, lightgbm.train(parameters, data, settings.rounds))


def ranked_together(*scores: np.ndarray) -> np.ndarray:
    """[B, C] sum of scores of several rankers, each standardised within a shopper's candidates; -inf is kept."""
    total = np.zeros(scores[0].shape, dtype=np.float64)
    for one in scores:
        listed = np.isfinite(one)
        count = np.maximum(listed.sum(axis=1, keepdims=True), 1)
        filled = np.where(listed, one, 0.0).astype(np.float64)
        centred = np.where(listed, filled - filled.sum(axis=1, keepdims=True) / count, 0.0)
        deviation = np.sqrt((centred**2).sum(axis=1, keepdims=True) / count)
        total += np.where(listed, centred / np.maximum(deviation, 1e-9), -np.inf)
    return total


def _names(inputs: RankerInputs) -> list[str]:
    """Names with their kind before them, since a channel and a feature may be called alike."""
    items, users = (f"item {name}" for name in inputs.item_features), (f"user {name}" for name in inputs.user_features)
    named = (*(f"channel {name}" for name in inputs.channels), "first_stage", *items, *users)
    return [name.replace(" ", ".") for name in named]


def _rows(block: Block, items: Items) -> np.ndarray:
    """[B * C, features] in the order of `_names`."""
    features = items.features[np.maximum(block.candidates, 0)]
    users = np.broadcast_to(block.user_features[:, None, :], (*block.candidates.shape, block.user_features.shape[1]))
    rows = np.concatenate([block.channel_scores, block.first_stage_score[..., None], features, users], axis=2)
    return rows.reshape(block.candidates.size, rows.shape[2])
