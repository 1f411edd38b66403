"""How often a step of an item is followed by the next one, from view to return, shrunk to the share of all items."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.derived.shares import with_shrunk_shares

# Share -> the later step and the earlier one, as columns of an item's features.
STEPS = {
    "view_cart_share_28d": ("carts_count_28d", "views_count_28d"),
    "view_purchase_share_28d": ("purchases_count_28d", "views_count_28d"),
    "cart_purchase_share_28d": ("purchases_count_28d", "carts_count_28d"),
    "return_share_90d": ("returns_count_90d", "purchases_count_90d"),
    "exit_share_28d": ("exits_count_28d", "views_count_28d"),
}


def with_funnel_shares(rows: DataFrame) -> DataFrame:
    """Adds each of STEPS: (later + 20 r) / (earlier + 20), r the share over all rows of the date.

    Of the later events of an item at most as many count as it has earlier ones: the others came another way. NULL where
    no item of the date has an earlier one.

    rows: as_of and the columns that STEPS names; NULL counts as 0
    """
    counts = {
        name: (F.least(*(F.coalesce(F.col(step), F.lit(0)) for step in steps)), F.col(steps[1]))
        for name, steps in STEPS.items()
    }
    return with_shrunk_shares(rows, counts, overall_of_none=None)
