"""Spread of a night's exposure over the items: coverage, shares, Gini, entropy, novelty, items never shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract.metrics import (
    ALL,
    COVERAGE_SHARE,
    ENTRIES,
    EXPOSURE_ALLOCATED,
    EXPOSURE_ENTROPY_SHARE,
    EXPOSURE_GINI,
    EXPOSURE_SHARE,
    ITEMS_ELIGIBLE,
    ITEMS_SHOWN,
    NEVER_GIVEN,
    NOVELTY_MEAN,
    PURCHASES_SHARE_7D,
    PURCHASES_SHARE_28D,
    RELEVANCE_MEAN,
    RESPONSES_EXPECTED,
    REVENUE_EXPECTED,
)
from features.health.figures import Figure, by_segment, finite

_PURCHASES = {"purchases_count_7d": PURCHASES_SHARE_7D, "purchases_count_28d": PURCHASES_SHARE_28D}


def spread_health(items: pd.DataFrame) -> list[Figure]:
    """Figures by segment and for all, of the rows of `of_items`.

    items_eligible_count; exposure_allocated_sum; exposure_share: of all exposure; coverage_share: of the items, those
    with exposure; items_shown_count, entries_count and relevance_mean of the lists; responses_expected_sum;
    revenue_expected_sum: responses times price; never_given_28d_count: items without exposure tonight and in the window
    before; novelty_mean: bits of self-information -log2 p of an exposure, where p is an item's share of the responses
    of 90 days plus one for each item, so that an item without responses has a finite value (Zhou et al., PNAS 2010).
    Without exposure there is no share and no novelty.
    """
    exposure = float(items["allocated"].sum())
    bits = -np.log2((items["popularity"] + 1) / (items["popularity"] + 1).sum())
    rows = items.assign(surprise=items["allocated"] * bits, revenue=items["responses"] * items["price"])
    return by_segment(
        rows,
        {
            ITEMS_ELIGIBLE: len,
            EXPOSURE_ALLOCATED: lambda part: part["allocated"].sum(),
            EXPOSURE_SHARE: lambda part: _ratio(part["allocated"].sum(), exposure),
            COVERAGE_SHARE: lambda part: (part["allocated"] > 0).mean(),
            ITEMS_SHOWN: lambda part: (part["entries"] > 0).sum(),
            ENTRIES: lambda part: part["entries"].sum(),
            RELEVANCE_MEAN: lambda part: _ratio(part["relevance_sum"].sum(), part["entries"].sum()),
            RESPONSES_EXPECTED: lambda part: part["responses"].sum(),
            REVENUE_EXPECTED: lambda part: part["revenue"].sum(),
            NEVER_GIVEN: lambda part: ((part["allocated"] <= 0) & ~part["was_given"]).sum(),
            NOVELTY_MEAN: lambda part: _ratio(part["surprise"].sum(), part["allocated"].sum()),
        },
    ) + inequality(items["allocated"].to_numpy(), EXPOSURE_GINI, EXPOSURE_ENTROPY_SHARE)


def inequality(values: np.ndarray, gini_name: str, entropy_name: str) -> list[Figure]:
    """Gini coefficient and entropy share of the values, all at least 0, as figures of these names.

    G = 2 sum_k k x_(k) / (n sum x) - (n + 1) / n with x in rising order (Gini 1912); the entropy is Shannon's,
    -sum p ln p, as a share of its greatest value ln n. Without a value above 0 there is neither, and a single value has
    no entropy.
    """
    n, total = len(values), float(values.sum())
    if not total > 0:
        return []
    gini = 2 * float((np.arange(1, n + 1) * np.sort(values)).sum()) / (n * total) - (n + 1) / n
    p = values[values > 0] / total
    entropy = -float((p * np.log(p)).sum()) / np.log(n) if n > 1 else np.nan
    return finite([(gini_name, ALL, gini), (entropy_name, ALL, entropy)])


def purchase_shares(features: DataFrame) -> list[Figure]:
    """Each segment's share of the purchases of 7 and of 28 days. features: item_features of the night.

    Items without a segment, which are neither sold in the window nor listed, are left out. Empty without purchases.
    """
    sold = features.where("segment <> ''").groupBy("segment").agg(*(F.sum(name).alias(name) for name in _PURCHASES))
    sums = sold.toPandas().set_index("segment")
    return finite(
        (share, str(segment), _ratio(value, sums[name].sum()))
        for name, share in _PURCHASES.items()
        for segment, value in sums[name].items()
    )


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")
