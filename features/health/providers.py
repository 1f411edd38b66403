"""Whether providers (manufacturers, marketplace sellers) get exposure in proportion to what their items deserve."""

from __future__ import annotations

import pandas as pd

from features.health.figures import ALL, Figure
from features.health.spread import inequality


def provider_health(items: pd.DataFrame) -> list[Figure]:
    """Figures of the rows of `of_items` that have a provider; none where none has.

    providers_count; providers_shown_share, the share of them with any exposure; provider_gini and
    provider_entropy_share of their exposure; provider_disparity, half the sum over providers of
    |share of exposure - share of merit|: 0 where exposure is proportional to merit, near 1 where it goes to others. It
    is the inequity of amortised attention (Biega et al., SIGIR 2018) of one night as a total-variation distance.
    """
    sums = items.dropna(subset=["provider_id"]).groupby("provider_id")[["allocated", "merit"]].sum()
    if sums.empty:
        return []
    found: list[Figure] = [
        ("providers_count", ALL, float(len(sums))),
        ("providers_shown_share", ALL, float((sums["allocated"] > 0).mean())),
        *inequality(sums["allocated"].to_numpy(), "provider"),
    ]
    whole = sums.sum()
    if whole["allocated"] > 0 and whole["merit"] > 0:
        gap = sums["allocated"] / whole["allocated"] - sums["merit"] / whole["merit"]
        found.append(("provider_disparity", ALL, float(gap.abs().sum() / 2)))
    return found
