"""From a block of shoppers to calibrated relevance and its reasons: what training judges and the nightly job serves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.calibration import Calibrator, Levels
from model.fusion.causes import families, strongest
from model.fusion.inputs import ACTIVITY, Block
from model.fusion.ranker import EncodedItems, FusionRanker
from model.retrieval.first_stage import FirstStage

FIRST_STAGE, FUSION = "first_stage", "fusion"
_LEAST_REASON = 1e-3  # logits; less than that moves nothing a person would call a reason


@dataclass(frozen=True)
class Scorer:
    """First stage, fusion and calibrator of one training."""

    first_stage: FirstStage
    ranker: FusionRanker
    calibrator: Calibrator

    def relevance(self, block: Block, items: EncodedItems) -> np.ndarray:
        """[B, C] probability of a response within the horizon, 0 where there is no candidate."""
        logits = self.ranker.predict(block, items)
        return self.calibrator.probability(logits, levels_of(self.ranker, block, logits))

    def reasons(self, block: Block, items: EncodedItems, most: int = 3) -> np.ndarray:
        """[B, C, most] places in `ranker.inputs.terms` of the strongest causes, -1 for none.

        Linear contributions are exact and summed by family (see `model.fusion.causes`).
        """
        parts = np.moveaxis(self.first_stage.parts(np.moveaxis(block.channel_scores, 2, 0)), 0, 2)
        moved = self.ranker.linear_contributions(block, items, parts)
        return strongest(moved, families(self.ranker.inputs.terms), most, _LEAST_REASON)

    def save(self, folder: Path) -> None:
        """Writes first_stage/, fusion/ and calibrator.json."""
        self.first_stage.save(folder / FIRST_STAGE)
        self.ranker.save(folder / FUSION)
        self.calibrator.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Scorer:
        """Raises ValueError when a part is damaged or the parts are not of one training."""
        first_stage, ranker = FirstStage.load(folder / FIRST_STAGE), FusionRanker.load(folder / FUSION)
        if first_stage.channels != ranker.inputs.channels:
            raise ValueError(f"{folder}: first stage and fusion are not of one training. Copy the bundle anew.")
        return cls(first_stage, ranker, Calibrator.load(folder))


def levels_of(ranker: FusionRanker, block: Block, logits: np.ndarray) -> Levels:
    """What the calibrator reads of each shopper."""
    activity = block.user_features[:, ranker.inputs.user_features.index(ACTIVITY)]
    return Levels.of(activity, block.first_stage_score, logits)


def fit_calibrator(ranker: FusionRanker, block: Block, items: EncodedItems, responded: np.ndarray) -> Calibrator:
    """A calibrator on a period that the ranker was not trained on; `responded` [B, C] bool."""
    logits = ranker.predict(block, items)
    return Calibrator.fit(logits, levels_of(ranker, block, logits), responded)
