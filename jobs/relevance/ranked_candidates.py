"""Candidates of a past period in the order of a model's scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.relevance.samples import Sample, Targets
from model.ranking_metrics import recall_at, top_hits


@dataclass(frozen=True)
class Ranked:
    """Candidates of the gate's period with one model's scores [B, C]."""

    sample: Sample
    scores: np.ndarray

    def hits(self, targets: Targets, segments: tuple[str, ...], k: int) -> np.ndarray:
        """[B, k] bool: targets in each shopper's list of the segments."""
        ranked = np.where(self.sample.in_segments(*segments), self.scores, -np.inf)
        return top_hits(ranked, targets.among(self.sample), k)

    def recall(self, targets: Targets, segments: tuple[str, ...], k: int, who: np.ndarray) -> np.ndarray:
        """Recall at `k` within the segments, of each of the shoppers `who` [B] bool that has a target."""
        count = targets.counts(self.sample.user_ids)
        some = who & (count > 0)
        return recall_at(self.hits(targets, segments, k)[some], count[some])
