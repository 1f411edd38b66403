"""How well a model ranks items without responses, and for new shoppers."""

from __future__ import annotations

import numpy as np

from features.contract.segments import COLD, LONG_TAIL
from jobs.relevance.ranked_candidates import Ranked
from jobs.relevance.samples import Targets

NEW_DAYS = 28.0


def cold_start_figures(ranked: Ranked, targets: Targets, k: int, log_age: np.ndarray | None) -> dict[str, float]:
    """Recall at `k` by name; a figure without any target is left out.

    log_age: [B] log(1 + days since the first response) of each shopper, None where it is not known
    cold_items: recall of responses to cold items when only cold candidates are ranked, and that of as many cold items
        drawn at random
    new_shoppers: recall of the tail for shoppers whose first response lies at most NEW_DAYS before the cut
    """
    sample, figures = ranked.sample, {}
    cold = targets.only("segment", COLD)
    some = cold.counts(sample.user_ids) > 0
    if some.any():
        recall = ranked.recall(cold, (COLD,), k, some)
        listed = np.minimum(sample.in_segments(COLD).sum(axis=1), k)[some]
        figures[f"cold_items_recall_at_{k}"] = float(recall.mean())
        figures[f"cold_items_recall_at_{k}_by_chance"] = float(listed.mean() / (sample.side.segment == COLD).sum())
    if log_age is None:
        return figures
    new = (log_age <= np.log1p(NEW_DAYS)) & (targets.counts(sample.user_ids) > 0)
    if new.any():
        recall = ranked.recall(targets, LONG_TAIL, k, new)
        figures[f"new_shoppers_recall_at_{k}"] = float(recall.mean())
        figures["new_shoppers"] = float(new.sum())
    return figures
