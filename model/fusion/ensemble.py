"""The second stage: the fusion Transformer and the boosted trees, pooled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.fusion.inputs import Block
from model.fusion.ranker import EncodedItems, FusionRanker
from model.fusion.trees import TreeRanker

FUSION_SHARE, TREES_SHARE = 0.5, 0.5  # of the log-odds


@dataclass(frozen=True)
class Ensemble:
    """Fusion model and trees of one training."""

    ranker: FusionRanker
    trees: TreeRanker

    def predict(self, block: Block, items: EncodedItems) -> np.ndarray:
        """[B, C] float32 logits, -inf where there is no candidate.

        The mean of both log-odds, a logarithmic opinion pool with equal weights (Genest and Zidek 1986).
        """
        fusion, trees = self.ranker.predict(block, items), self.trees.predict(self.ranker, block, items)
        return (FUSION_SHARE * fusion + TREES_SHARE * trees).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Writes the files of both."""
        self.ranker.save(folder)
        self.trees.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Ensemble:
        """Raises ValueError when a part is damaged or the parts are not of one training."""
        ranker = FusionRanker.load(folder)
        return cls(ranker, TreeRanker.load(folder, ranker.inputs))
