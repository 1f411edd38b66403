"""Spread of the delivered exposure over the items; `spread` has that of the planned exposure."""

from __future__ import annotations

import pandas as pd

from features.contract.metrics import (
    DELIVERED_COVERAGE_SHARE,
    DELIVERED_ENTROPY_SHARE,
    DELIVERED_GINI,
    DELIVERED_SHARE,
    NEVER_LOGGED,
)
from features.health.figures import Figure, by_segment
from features.health.spread import inequality


def delivered_health(items: pd.DataFrame) -> list[Figure]:
    """Figures by segment and for all, of the items that were eligible on a night whose lists were live and logged.

    delivered_share: of the exposure delivered to these items; delivered_coverage_share: of the items, those with
    delivered exposure; never_logged_28d_count: items without a logged exposure in the window; delivered_gini and
    delivered_entropy_share: see `inequality`.

    items: item_id, segment, delivered (expected views of that night's logged exposures), was_logged (whether an
        exposure of the item was logged in the window)
    """
    total = float(items["delivered"].sum())
    return by_segment(
        items,
        {
            DELIVERED_SHARE: lambda part: part["delivered"].sum() / total if total > 0 else float("nan"),
            DELIVERED_COVERAGE_SHARE: lambda part: (part["delivered"] > 0).mean(),
            NEVER_LOGGED: lambda part: (~part["was_logged"]).sum(),
        },
    ) + inequality(items["delivered"].to_numpy(), DELIVERED_GINI, DELIVERED_ENTROPY_SHARE)
