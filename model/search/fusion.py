"""Boosted trees that fuse the features of a query and an item into one score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np

from model.saved_trees import read_trees
from model.search.pair_features import FEATURES
from model.tree_growth import TreeGrowth

GRADE, ANSWER = "regression", "binary"


@dataclass(frozen=True)
class FusionSettings(TreeGrowth):
    """How the trees are grown on pairs."""

    rounds: int = 400
    leaves: int = 31
    leaf_rows: int = 40
    learning_rate: float = 0.04
    l2: float = 5.0
    feature_share: float = 0.5
    row_share: float = 0.7
    seed: int = 1
    threads: int = 1


class Fusion:
    """Trees (Ke et al. 2017) on the features of pairs."""

    def __init__(self, booster: lightgbm.Booster) -> None:
        if booster.feature_name() != list(FEATURES):
            raise ValueError("The trees read other features than this version of Longtail computes. Fit them again.")
        self.booster = booster

    @classmethod
    def fit(
        cls,
        features: np.ndarray,
        target: np.ndarray,
        objective: str,
        settings: FusionSettings,
        weight: np.ndarray | None = None,
    ) -> Fusion:
        """Trees that predict the target; the same seed and threads give the same trees.

        features: [n, FEATURES]; target: [n]; objective: GRADE for its mean, ANSWER for the log-odds of a 1
        """
        if not len(target):
            raise ValueError("There is no pair of a query and an item to learn from. Give graded pairs.")
        data = lightgbm.Dataset(features, target, weight=weight, feature_name=list(FEATURES))
        return cls(settings.fit(data, objective))

    def predict(self, features: np.ndarray) -> np.ndarray:
        """[n] float64 scores of [n, FEATURES]."""
        if not len(features):
            return np.zeros(0)
        return np.asarray(self.booster.predict(features, raw_score=True, num_threads=1))

    def save(self, file: Path) -> None:
        """Writes the trees as LightGBM's text."""
        file.write_text(self.booster.model_to_string(), encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Fusion:
        """Raises ValueError when the file is missing or damaged, or its trees read other features."""
        return cls(read_trees(file, "Fit the search model again."))
