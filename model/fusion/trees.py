"""Boosted trees on the inputs of the fusion model's linear skip and profile, pooled with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np
import torch

from model.fusion.inputs import Block, batches
from model.fusion.ranker import FIRST_STAGE, EncodedItems, FusionRanker, RankerInputs
from model.fusion.training import Period
from model.responses import NoResponseError
from model.saved_trees import read_trees
from model.tree_growth import TreeGrowth

TREES = "trees.txt"


@dataclass(frozen=True)
class TreeSettings(TreeGrowth):
    """How the trees are grown on candidates, of which those without a response are drawn with `negatives_share`."""

    negatives_share: float


class TreeRanker:
    """Trees and the names of what they read: the terms of the linear skip and the shopper's features."""

    def __init__(self, inputs: RankerInputs, booster: lightgbm.Booster) -> None:
        if booster.feature_name() != _names(inputs):
            raise ValueError("The trees were trained on other inputs. Use trees and inputs of the same training.")
        self.booster = booster

    def predict(self, ranker: FusionRanker, block: Block, items: EncodedItems) -> np.ndarray:
        """[B, C] float32 log-odds of a response, -inf where there is no candidate, on as many threads as torch has.

        `ranker` is that of the training.
        """
        log_odds = np.full(block.candidates.shape, -np.inf, dtype=np.float32)
        self._fill(log_odds, ranker, block, items, raw_score=True)
        return log_odds

    def contributions(self, ranker: FusionRanker, block: Block, items: EncodedItems) -> np.ndarray:
        """[B, C, inputs + 1] that sum to the log-odds, 0 where there is no candidate; the last is their mean in the
        training.

        TreeSHAP (Lundberg et al. 2020). The inputs are the terms of the linear skip, then the shopper's features.
        """
        inputs = len(ranker.inputs.terms) + len(ranker.inputs.user_features)
        values = np.zeros((*block.candidates.shape, inputs + 1))
        self._fill(values, ranker, block, items, pred_contrib=True)
        return values

    def _fill(self, out: np.ndarray, ranker: FusionRanker, block: Block, items: EncodedItems, **kind: bool) -> None:
        """Puts LightGBM's predictions of a kind to the places of the candidates."""
        for some in batches(len(block)):
            part = block.take(some)
            if part.listed.any():
                rows = _rows(ranker, part, items, part.listed)
                out[some][part.listed] = self.booster.predict(rows, num_threads=torch.get_num_threads(), **kind)

    def save(self, folder: Path) -> None:
        """Writes the trees as LightGBM's text."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TREES).write_text(self.booster.model_to_string(), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, inputs: RankerInputs) -> TreeRanker:
        """Raises ValueError when the file is missing or damaged, or when the trees do not read these inputs."""
        return cls(inputs, read_trees(folder / TREES, "Copy the bundle again."))


def fit_trees(periods: Sequence[Period], ranker: FusionRanker, settings: TreeSettings) -> TreeRanker:
    """Fits trees on all responses of the periods and a sample of the other candidates.

    They read inputs as `ranker` standardises them, and follow the signs of its terms. The log-odds are those of all
    candidates, not of the sample (King and Zeng 2001). The same seed and threads give the same trees. Raises
    NoResponseError when no shopper responded.
    """
    if not any(period.responded.any() for period in periods):
        raise NoResponseError(
            "No shopper responded to a candidate in the training periods. Choose a date with more history."
        )
    random = np.random.default_rng(settings.seed)
    rows, labels, weights = [], [], []
    for period in periods:
        drawn = random.random(period.responded.shape, dtype=np.float32) < settings.negatives_share
        answered, counts = period.responded > 0, period.counts
        chosen = (counts > 0) & (answered | drawn)
        items = ranker.encode_items(period.items)
        rows += [_rows(ranker, period.block.take(some), items, chosen[some]) for some in batches(len(period.block))]
        labels.append(period.responded[chosen].astype(np.float32))
        weights.append(counts[chosen] * np.where(answered[chosen], 1.0, 1.0 / settings.negatives_share))
    label, weight = np.concatenate(labels), np.concatenate(weights)
    data = lightgbm.Dataset(np.concatenate(rows), label, weight=weight, feature_name=_names(ranker.inputs))
    objective = "binary" if set(np.unique(label)) <= {0.0, 1.0} else "cross_entropy"
    signs: dict[str, list[int]] = {}
    if any(ranker.inputs.signs):
        signs["monotone_constraints"] = [*ranker.inputs.signs, *(0 for _ in ranker.inputs.user_features)]
    return TreeRanker(ranker.inputs, settings.fit(data, objective, **signs))


def _names(inputs: RankerInputs) -> list[str]:
    """Names prefixed by their kind, since a channel, an item feature and a shopper feature may share a name."""
    kinds = (
        ("channel", inputs.channels), ("item", inputs.item_features), ("pair", inputs.pair_features),
        ("user", inputs.user_features),
    )  # fmt: skip
    channels, *others = ([f"{kind}.{name}".replace(" ", ".") for name in names] for kind, names in kinds)
    return [*channels, FIRST_STAGE, *(name for names in others for name in names)]


def _rows(ranker: FusionRanker, block: Block, items: EncodedItems, chosen: np.ndarray) -> np.ndarray:
    """[chosen candidates, features] in the order of `_names`; `chosen` [B, C] bool."""
    users = ranker.standardised_users(block)
    return np.concatenate([ranker.terms(block, items)[chosen], users[np.nonzero(chosen)[0]]], axis=1)
