"""How the exposure that the storefront delivered is spread over the items; the spread of the plan is in `spread`."""

from __future__ import annotations

import pandas as pd

from features.health.figures import Figure, by_segment
from features.health.spread import inequality


def delivered_health(items: pd.DataFrame) -> list[Figure]:
    """Figures by segment and for all, of the items that were eligible on a night whose lists were live and logged.

    items: item_id, segment, delivered (expected views of that night's logged exposures), was_logged (whether any
    exposure of any night of the window was logged). delivered_share, of all that was delivered to these items;
    delivered_coverage_share, the share of the items with any; never_logged_28d_count, items without a logged exposure
    in the window; delivered_gini and delivered_entropy_share as of `inequality`.
    """
    whole = float(items["delivered"].sum())
    return by_segment(
        items,
        {
            "delivered_share": lambda part: part["delivered"].sum() / whole if whole > 0 else float("nan"),
            "delivered_coverage_share": lambda part: (part["delivered"] > 0).mean(),
            "never_logged_28d_count": lambda part: (~part["was_logged"]).sum(),
        },
    ) + inequality(items["delivered"].to_numpy(), "delivered")
