"""From a block of shoppers to calibrated relevance and its reasons, for the gate and the nightly scoring alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.calibration import Calibrator, levels
from model.explanation import Explanation, explanation_of
from model.fusion.attribution import attribution
from model.fusion.causes import directed, families, strongest
from model.fusion.ensemble import Ensemble
from model.fusion.inputs import Block
from model.fusion.ranker import EncodedItems, FusionRanker
from model.fusion.reference import FILE as REFERENCE
from model.fusion.reference import Reference
from model.retrieval.first_stage import FirstStage

FIRST_STAGE, FUSION = "first_stage", "fusion"
_LEAST_REASON = 1e-3  # logits; a smaller contribution is no reason


@dataclass(frozen=True)
class Scorer:
    """First stage, second stage and calibrator of one training; the second stage is the reference where there was
    none."""

    first_stage: FirstStage
    ensemble: Ensemble | Reference
    calibrator: Calibrator

    @property
    def ranker(self) -> FusionRanker | Reference:
        return self.ensemble.ranker

    def relevance(self, block: Block, items: EncodedItems, season: float = 0.0) -> np.ndarray:
        """[B, C] probability of a response within the horizon, 0 where there is no candidate.

        For all shoppers of a date or a fair sample of them; season: `model.season.Season.shift` of the date.
        """
        return self.calibrator.probability(self.ensemble.predict(block, items), season)

    def log_odds(self, block: Block, items: EncodedItems) -> tuple[np.ndarray, np.ndarray]:
        """Log-odds [B, C] and levels [B] of a part of a date's shoppers.

        With `calibrator.shift` of the mean level of them all and the season, the log-odds are those of `relevance`.
        """
        logits = self.ensemble.predict(block, items)
        return self.calibrator.log_odds(logits), levels(logits)

    def reasons(self, block: Block, items: EncodedItems, most: int = 3) -> np.ndarray:
        """[B, C, most] places in `causes.named` of the strongest causes, -1 for none.

        Contributions to the fusion's linear part are exact and summed by family (see `model.fusion.causes`).
        """
        moved, below = self.ranker.linear_contributions(block, items, self._first_stage_parts(block))
        return directed(strongest(moved, families(self.ranker.inputs.terms), most, _LEAST_REASON), below)

    def explain(self, block: Block, items: EncodedItems, mean_level: float = 0.0, season: float = 0.0) -> Explanation:
        """What each input adds to the log-odds of `relevance`, of linear skip, network and trees.

        mean_level: over all shoppers of the date; season: what the date adds to the log-odds
        """
        split = attribution(self.ensemble, block, items, self._first_stage_parts(block))
        level = levels(self.ensemble.predict(block, items))
        return explanation_of(split, self.calibrator, level, mean_level, season)

    def _first_stage_parts(self, block: Block) -> np.ndarray:
        """[B, C, channels] log-odds of the first stage by channel."""
        return np.moveaxis(self.first_stage.parts(np.moveaxis(block.channel_scores, 2, 0)), 0, 2)

    def save(self, folder: Path) -> None:
        """Writes first_stage/, fusion/ and calibrator.json."""
        self.first_stage.save(folder / FIRST_STAGE)
        self.save_second_stage(folder)

    def save_second_stage(self, folder: Path) -> None:
        """Writes fusion/ and calibrator.json, for a model that shares the first stage of another."""
        self.ensemble.save(folder / FUSION)
        self.calibrator.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Scorer:
        """Raises ValueError when a part is damaged or the parts are not of one training."""
        return cls.load_second_stage(folder, FirstStage.load(folder / FIRST_STAGE))

    @classmethod
    def load_second_stage(cls, folder: Path, first_stage: FirstStage) -> Scorer:
        """What `save_second_stage` wrote, with the first stage that it was trained on."""
        is_reference = (folder / FUSION / REFERENCE).is_file()
        ensemble = Reference.load(folder / FUSION) if is_reference else Ensemble.load(folder / FUSION)
        if first_stage.channels != ensemble.ranker.inputs.channels:
            raise ValueError(f"{folder}: first stage and fusion are not of one training. Copy the bundle again.")
        return cls(first_stage, ensemble, Calibrator.load(folder))
