"""Exposure of providers (manufacturers, marketplace sellers) in proportion to the merit of their items."""

from __future__ import annotations

import pandas as pd

from features.contract.metrics import (
    ALL,
    PROVIDER_DISPARITY,
    PROVIDER_ENTROPY_SHARE,
    PROVIDER_GINI,
    PROVIDERS,
    PROVIDERS_SHOWN_SHARE,
)
from features.health.figures import Figure
from features.health.spread import inequality


def provider_health(items: pd.DataFrame) -> list[Figure]:
    """Figures of the rows of `of_items` that have a provider; empty if none has.

    providers_count; providers_shown_share: those with exposure; provider_gini and provider_entropy_share of their
    exposure; provider_disparity: half the sum over providers of |share of exposure - share of merit|, which is 0 for
    exposure proportional to merit and near 1 if others get it. It is the inequity of amortised attention (Biega et al.,
    SIGIR 2018) of one night as a total-variation distance.
    """
    sums = items.dropna(subset=["provider_id"]).groupby("provider_id")[["allocated", "merit"]].sum()
    if sums.empty:
        return []
    figures: list[Figure] = [
        (PROVIDERS, ALL, float(len(sums))),
        (PROVIDERS_SHOWN_SHARE, ALL, float((sums["allocated"] > 0).mean())),
        *inequality(sums["allocated"].to_numpy(), PROVIDER_GINI, PROVIDER_ENTROPY_SHARE),
    ]
    total = sums.sum()
    if total["allocated"] > 0 and total["merit"] > 0:
        gap = sums["allocated"] / total["allocated"] - sums["merit"] / total["merit"]
        figures.append((PROVIDER_DISPARITY, ALL, float(gap.abs().sum() / 2)))
    return figures
