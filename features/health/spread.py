"""How a night's exposure is spread over the items: coverage, shares, Gini, entropy, novelty, what was never shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.health.figures import ALL, Figure, by_segment, kept

PURCHASES = ("purchases_count_7d", "purchases_count_28d")


def spread_health(items: pd.DataFrame) -> list[Figure]:
    """Figures by segment and for all, of the rows of `of_items`.

    items_eligible_count; exposure_allocated_sum; exposure_share, of all exposure; coverage_share, the share of the
    items with any exposure; items_shown_count, entries_count and relevance_mean of the lists; responses_expected_sum;
    revenue_expected_sum, responses times price; never_given_28d_count, items without exposure tonight and in the window
    before; novelty_mean, the bits of self-information -log2 p of an exposure, where p is an item's share of the
    purchases of 90 days with one added to each item, so that an item without purchases has a finite value (Zhou et al.,
    PNAS 2010). Where nothing was given there is no share and no novelty.
    """
    exposure = float(items["allocated"].sum())
    bits = -np.log2((items["purchases"] + 1) / (items["purchases"] + 1).sum())
    rows = items.assign(surprise=items["allocated"] * bits, revenue=items["responses"] * items["price"])
    return by_segment(
        rows,
        {
            "items_eligible_count": len,
            "exposure_allocated_sum": lambda part: part["allocated"].sum(),
            "exposure_share": lambda part: _ratio(part["allocated"].sum(), exposure),
            "coverage_share": lambda part: (part["allocated"] > 0).mean(),
            "items_shown_count": lambda part: (part["entries"] > 0).sum(),
            "entries_count": lambda part: part["entries"].sum(),
            "relevance_mean": lambda part: _ratio(part["relevance_sum"].sum(), part["entries"].sum()),
            "responses_expected_sum": lambda part: part["responses"].sum(),
            "revenue_expected_sum": lambda part: part["revenue"].sum(),
            "never_given_28d_count": lambda part: ((part["allocated"] <= 0) & ~part["was_given"]).sum(),
            "novelty_mean": lambda part: _ratio(part["surprise"].sum(), part["allocated"].sum()),
        },
    ) + inequality(items["allocated"].to_numpy(), "exposure")


def inequality(values: np.ndarray, name: str) -> list[Figure]:
    """<name>_gini and <name>_entropy_share of the values, all at least 0.

    G = 2 sum_k k x_(k) / (n sum x) - (n + 1) / n with x in rising order (Gini 1912); the entropy is Shannon's,
    -sum p ln p, as a share of ln n, its greatest value. Where all are 0 there is neither, and
    no entropy of a single value.
    """
    n, total = len(values), float(values.sum())
    if not total > 0:
        return []
    gini = 2 * float((np.arange(1, n + 1) * np.sort(values)).sum()) / (n * total) - (n + 1) / n
    p = values[values > 0] / total
    entropy = -float((p * np.log(p)).sum()) / np.log(n) if n > 1 else np.nan
    return kept([(f"{name}_gini", ALL, gini), (f"{name}_entropy_share", ALL, entropy)])


def purchase_shares(features: DataFrame) -> list[Figure]:
    """purchases_7d_share and purchases_28d_share by segment, of the purchases of all items of item_features.

    An item of no segment, which neither sold in the window nor is listed, is in none. No figure where nothing was sold.
    """
    sold = features.where("segment <> ''").groupBy("segment").agg(*(F.sum(name).alias(name) for name in PURCHASES))
    sums = sold.toPandas().set_index("segment")
    return kept(
        (f"{name.replace('_count', '')}_share", str(segment), _ratio(value, sums[name].sum()))
        for name in PURCHASES
        for segment, value in sums[name].items()
    )


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")
