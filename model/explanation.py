"""The log-odds of a relevance as a sum: what each input adds, and where the calibrator enters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.calibration import Calibrator
from model.fusion.attribution import Attribution


@dataclass(frozen=True)
class Base:
    """The calibrated log-odds of the average candidate of B shoppers, as a sum.

    intercept: the calibrator's
    share: [B] slope * (logit of the average candidate - level of the shopper)
    level: [B] level weight * (level - mean level of the date)
    season: what the date adds
    """

    intercept: float
    share: np.ndarray
    level: np.ndarray
    season: float

    @property
    def log_odds(self) -> np.ndarray:
        """[B]"""
        return self.intercept + self.share + self.level + self.season


@dataclass(frozen=True)
class Explanation:
    """Contributions to calibrated log-odds: [B, C, names] of the linear skip, the network and the trees.

    The level of a shopper is the same for all of the shopper's candidates, so the calibrator moves the base and
    multiplies every contribution by its `slope`.
    below: [B, C, names] bool, whether a term is below its mean over the shopper's candidates
    """

    names: tuple[str, ...]
    base: Base
    slope: float
    linear: np.ndarray
    network: np.ndarray
    trees: np.ndarray
    below: np.ndarray

    @property
    def sums(self) -> np.ndarray:
        """[B, C, names] of the three parts together."""
        return self.linear + self.network + self.trees

    @property
    def log_odds(self) -> np.ndarray:
        """[B, C]; the base where there is no candidate."""
        return self.base.log_odds[:, None] + self.sums.sum(axis=2)


def explanation_of(
    split: Attribution, calibrator: Calibrator, level: np.ndarray, mean_level: float, season: float
) -> Explanation:
    """level: [B] of the shoppers; mean_level: of the date; season: what the date adds to the log-odds"""
    known = np.where(np.isfinite(level), level, 0.0)
    base = Base(
        calibrator.intercept,
        calibrator.slope * (split.base.astype(np.float64) - known),
        calibrator.level_weight * (known - mean_level),
        season,
    )
    linear, network, trees = (
        calibrator.slope * part.astype(np.float64) for part in (split.linear, split.network, split.trees)
    )
    return Explanation(split.names, base, calibrator.slope, linear, network, trees, split.below)
