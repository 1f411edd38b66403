"""How well a model does for items that never sold and shoppers who have just come, apart from all others."""

from __future__ import annotations

import numpy as np

from jobs.relevance.ranked_candidates import TAIL, Ranked
from jobs.relevance.samples import Targets

NEW_DAYS = 28.0
_AGE = "days_since_first_purchase"


def cold_start_figures(ranked: Ranked, targets: Targets, k: int) -> dict[str, float]:
    """Recall at `k` by name; what has no target has no figure.

    cold_items: of what shoppers bought of cold items, the share found when only cold candidates are ranked, beside what
    as many cold items drawn at random would find. new_shoppers: of the tail, for shoppers whose first purchase lies at
    most NEW_DAYS before the cut.
    """
    sample, figures = ranked.sample, {}
    cold = targets.only("segment", "cold")
    some = cold.counts(sample.user_ids) > 0
    if some.any():
        found = ranked.recall(cold, ("cold",), k, some)
        listed = np.minimum(sample.in_segments("cold").sum(axis=1), k)[some]
        figures[f"cold_items_recall_at_{k}"] = float(found.mean())
        figures[f"cold_items_recall_at_{k}_by_chance"] = float(listed.mean() / (sample.side.segment == "cold").sum())
    if _AGE not in sample.inputs.user_features:
        return figures
    age = sample.block.user_features[:, sample.inputs.user_features.index(_AGE)]
    new = (age <= np.log1p(NEW_DAYS)) & (targets.counts(sample.user_ids) > 0)
    if new.any():
        found = ranked.recall(targets, TAIL, k, new)
        figures[f"new_shoppers_recall_at_{k}"] = float(found.mean())
        figures["new_shoppers"] = float(new.sum())
    return figures
